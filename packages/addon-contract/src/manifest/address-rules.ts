// Rules about the addresses of the add-on.
import { isText, kindOf, manifestRule, SOURCES, WITH_API } from './manifest-rule.ts'
import { asObject, type Json, type JsonObject, type ManifestView } from './view.ts'

const NAMES = ['base_url', 'sso_url']
const GET_TLS = 'Put TLS in front of the service, with a certificate of a public authority.'

export const ADDRESS_RULES = [
  manifestRule({
    number: 'M23',
    name: 'production-is-there',
    strength: 'must',
    demands: '`api.production` has a `base_url` and an `sso_url`, both strings.',
    otherwise:
      'Heroku has no address to call or to send users to. One address for both is the older format, with sign-in by GET.',
    fix: 'Write "production": {"base_url": "https://…/heroku/resources", "sso_url": "https://…/sso/login"}.',
    source: SOURCES.manifest,
    ...WITH_API,
    find: ({ api, production }) =>
      asObject(api.production) === null
        ? [`api.production is ${kindOf(api.production)}`]
        : NAMES.filter((name) => !isText(production[name])).map(
            (name) => `api.production.${name} is ${kindOf(production[name])}`,
          ),
  }),
  manifestRule({
    number: 'M24',
    name: 'base-url-is-https',
    strength: 'must',
    demands: '`api.production.base_url` is an https address.',
    otherwise: 'Heroku does not call it: the password and the customers’ tokens would be sent unencrypted.',
    fix: GET_TLS,
    source: SOURCES.partnerApi,
    ...withProduction('base_url'),
    find: ({ production }) => notHttps('api.production.base_url', production.base_url),
  }),
  manifestRule({
    number: 'M25',
    name: 'sso-url-is-https',
    strength: 'must',
    demands: '`api.production.sso_url` is an https address.',
    otherwise: 'Anyone who intercepts a sign-in can replay it.',
    fix: GET_TLS,
    source: SOURCES.kensa,
    ...withProduction('sso_url'),
    find: ({ production }) => notHttps('api.production.sso_url', production.sso_url),
  }),
  manifestRule({
    number: 'M26',
    name: 'production-is-public',
    strength: 'should',
    demands: 'The addresses in `api.production` name a public host.',
    otherwise: 'Heroku cannot reach it: it is a private host, or an example.',
    fix: 'Write the address of the deployed service.',
    source: SOURCES.names,
    when: '`api.production` has an address',
    applies: ({ production }) => NAMES.some((name) => hostOf(production[name]) !== ''),
    find: ({ production }) =>
      NAMES.filter((name) => isPrivate(hostOf(production[name]))).map(
        (name) => `api.production.${name} names ${hostOf(production[name])}`,
      ),
  }),
  manifestRule({
    number: 'M27',
    name: 'base-url-has-the-path',
    strength: 'should',
    demands: '`base_url` ends in /heroku/resources.',
    otherwise: 'Heroku appends that to any other path, so that its calls miss your routes.',
    fix: 'End it with that path, without slash, query or fragment.',
    source: SOURCES.manifest,
    when: 'the manifest has a `base_url`',
    applies: ({ production, test }) => isText(production.base_url) || isText(test.base_url),
    find: ({ production, test }) => [...otherPath('production', production), ...otherPath('test', test)],
  }),
  manifestRule({
    number: 'M28',
    name: 'test-is-there',
    strength: 'should',
    demands: '`api.test` has the addresses of the add-on on your machine.',
    otherwise: 'Kensa refuses the manifest, and this tester needs --production. Heroku ignores it.',
    fix: 'Write "test": {"base_url": "http://localhost:5000/heroku/resources", "sso_url": "http://localhost:5000/sso/login"}.',
    source: SOURCES.kensa,
    ...WITH_API,
    find: ({ api, test }) =>
      asObject(api.test) === null
        ? [`api.test is ${kindOf(api.test)}`]
        : NAMES.filter((name) => hostOf(test[name]) === '').map(
            (name) => `api.test.${name} is not an address`,
          ),
  }),
]

function withProduction(name: string): Pick<Parameters<typeof manifestRule>[0], 'when' | 'applies'> {
  return {
    when: `the manifest has \`api.production.${name}\``,
    applies: ({ production }: ManifestView) => isText(production[name]),
  }
}

function notHttps(at: string, url: Json | undefined): string[] {
  if (!URL.canParse(String(url))) return [`${at} is not an address`]
  const { protocol } = new URL(String(url))
  return protocol === 'https:' ? [] : [`${at} begins with ${protocol}`]
}

function otherPath(kind: string, { base_url: url }: JsonObject): string[] {
  return isText(url) && !url.endsWith('/heroku/resources') ? [`api.${kind}.base_url has another path`] : []
}

/** '' if it is not an address. */
function hostOf(url: Json | undefined): string {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).hostname : ''
}

/** The special names of RFC 6761, names without a dot, and private addresses. */
function isPrivate(host: string): boolean {
  if (host === '') return false
  return (
    /(^|\.)(localhost|local|internal|test|invalid|example|example\.(com|net|org))$/.test(host) ||
    /^(0|10|127|169\.254|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(host) ||
    /^\[(::1?|f[cde].*)\]$/.test(host) ||
    !/[.:]/.test(host)
  )
}
