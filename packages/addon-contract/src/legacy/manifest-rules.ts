// What kensa requires of a manifest, also where Heroku has changed since. The rules of today are in ../manifest/.

import { isText, kindOf, manifestRule, quoted } from '../manifest/manifest-rule.ts'
import { asObject, configVarPrefix, type Json, type ManifestView } from '../manifest/view.ts'
import { KENSA } from '../sources.ts'

/** Kensa's list, of 2018. */
const REGIONS = ['us', 'eu', 'frankfurt', 'oregon', 'tokyo', 'virginia', '*']
const REFUSED = 'Kensa stops here.'
const common = { strength: 'must', otherwise: REFUSED, source: KENSA } as const
const withApi = { when: '`api` is an object', applies: ({ hasApi }: ManifestView) => hasApi }
const withConfigVars = {
  when: '`api.config_vars` is a list',
  applies: ({ api }: ManifestView) => Array.isArray(api.config_vars),
}
const withRegions = {
  when: '`api.regions` is a list',
  applies: ({ api }: ManifestView) => Array.isArray(api.regions),
}

export const LEGACY_MANIFEST_RULES = [
  manifestRule({
    ...common,
    number: 'K01',
    name: 'id',
    demands: '`id` is a string and not empty.',
    fix: 'Choose the slug of your add-on.',
    find: ({ root: { id } }) => (typeof id === 'string' && id !== '' ? [] : [`id is ${kindOf(id)}`]),
  }),
  manifestRule({
    ...common,
    number: 'K02',
    name: 'api',
    demands: '`api` is an object.',
    fix: 'manifest generate shows what is in it.',
    find: ({ root, hasApi }) => (hasApi ? [] : [`api is ${kindOf(root.api)}`]),
  }),
  manifestRule({
    ...common,
    ...withApi,
    number: 'K03',
    name: 'regions',
    demands: '`api.regions` is a list.',
    fix: 'Write "regions": ["us", "eu"].',
    find: ({ api: { regions } }) => (Array.isArray(regions) ? [] : [`api.regions is ${kindOf(regions)}`]),
  }),
  manifestRule({
    ...common,
    ...withRegions,
    number: 'K04',
    name: 'regions-us',
    demands: '`api.regions` has "us" or "*".',
    fix: 'Add "us".',
    find: ({ regions }) =>
      regions.includes('us') || regions.includes('*') ? [] : ['api.regions has neither "us" nor "*"'],
  }),
  manifestRule({
    ...common,
    ...withRegions,
    number: 'K05',
    name: 'regions-known',
    demands: `\`api.regions\` has only ${REGIONS.join(', ')}.`,
    fix: 'Heroku has more regions today. For kensa, leave them out; for Heroku, test without --legacy.',
    find: ({ api: { regions } }) =>
      (regions as Json[])
        .filter((region) => !REGIONS.includes(region as string))
        .map((region) => `api.regions has ${quoted(region)}`),
  }),
  manifestRule({
    ...common,
    ...withApi,
    number: 'K06',
    name: 'password',
    demands: '`api.password` exists and is not empty.',
    fix: 'Generate one: openssl rand -hex 24',
    find: ({ api }) =>
      'password' in api && api.password !== '' ? [] : [`api.password is ${kindOf(api.password)}`],
  }),
  manifestRule({
    ...common,
    ...withApi,
    number: 'K07',
    name: 'test',
    demands: '`api.test` exists.',
    fix: 'Write the addresses of the add-on on your machine.',
    find: ({ api }) => ('test' in api ? [] : ['there is no api.test']),
  }),
  manifestRule({
    ...common,
    ...withApi,
    number: 'K08',
    name: 'production',
    demands: '`api.production` exists.',
    fix: 'Write the public addresses of the add-on.',
    find: ({ api }) => ('production' in api ? [] : ['there is no api.production']),
  }),
  manifestRule({
    ...common,
    number: 'K09',
    name: 'production-https',
    demands: 'The production address begins with https.',
    fix: 'Put TLS in front of the service.',
    when: '`api.production` exists',
    applies: ({ api }) => 'production' in api,
    find: ({ api }) => {
      const url = asObject(api.production)?.base_url ?? api.production
      return isHttps(url) ? [] : [`it is ${typeof url === 'string' ? quoted(url) : kindOf(url)}`]
    },
  }),
  manifestRule({
    ...common,
    number: 'K10',
    name: 'sso-https',
    demands: 'The production address of single sign-on begins with https.',
    fix: 'Put TLS in front of the service.',
    when: '`api.production` is an object',
    applies: ({ api }) => asObject(api.production) !== null,
    find: ({ production: { sso_url: url } }) => (isHttps(url) ? [] : [`sso_url is ${quoted(url)}`]),
  }),
  manifestRule({
    ...common,
    number: 'K11',
    name: 'config-vars',
    demands: '`api.config_vars` is a list.',
    fix: 'Write "config_vars": ["ACME_LOGS_URL"], or leave it out.',
    when: 'the manifest has `api.config_vars`',
    applies: ({ api }) => 'config_vars' in api,
    find: ({ api: { config_vars: vars } }) =>
      Array.isArray(vars) ? [] : [`api.config_vars is ${kindOf(vars)}`],
  }),
  manifestRule({
    ...common,
    ...withConfigVars,
    number: 'K12',
    name: 'config-vars-names',
    demands: 'Config vars have only capitals, digits and underscores.',
    fix: 'Rename it: ACME_LOGS_URL.',
    find: ({ api: { config_vars: vars } }) =>
      (vars as Json[])
        .filter((name) => typeof name !== 'string' || !/^[A-Z][0-9A-Z_]+$/m.test(name))
        .map((name) => `${quoted(name)} is not a valid name`),
  }),
  manifestRule({
    ...common,
    ...withConfigVars,
    number: 'K13',
    name: 'config-vars-prefix',
    demands: 'Config vars begin with the prefix and a `_`.',
    fix: 'Rename it, or set api.config_vars_prefix.',
    find: (manifest) => {
      const prefix = `${configVarPrefix(manifest)}_`
      return manifest.configVars
        .filter((name) => !name.startsWith(prefix))
        .map((name) => `${name} does not begin with ${prefix}`)
    },
  }),
  manifestRule({
    ...common,
    ...withApi,
    number: 'K14',
    name: 'username',
    demands: 'There is no `api.username`.',
    fix: 'Remove it.',
    find: ({ api }) => ('username' in api ? ['api.username exists'] : []),
  }),
]

function isHttps(url: Json | undefined): boolean {
  return isText(url) && /^https:/m.test(url)
}
