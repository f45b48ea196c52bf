// Rules about what the add-on is called and what its manifest is made of.
import { isText, kindOf, manifestRule, quoted, SOURCES, WITH_API } from './manifest-rule.ts'
import type { JsonObject } from './view.ts'

/** A misplaced `requires` and `api.username` have rules of their own. */
const ROOT_KEYS = ['id', 'name', 'cli_plugin_name', 'api', '$base', 'requires']
const API_KEYS = [
  ...['version', 'config_vars_prefix', 'config_vars', 'password', 'sso_salt', 'regions', 'requires'],
  ...['production', 'test', 'username'],
]

export const IDENTITY_RULES = [
  manifestRule({
    number: 'M01',
    name: 'is-an-object',
    strength: 'must',
    demands: 'The manifest is a JSON object.',
    otherwise: 'Heroku can make nothing of it.',
    fix: 'Start from a new one: manifest generate writes it.',
    source: SOURCES.manifest,
    find: ({ whole }) => (whole === null ? ['it is something else'] : []),
  }),
  manifestRule({
    number: 'M02',
    name: 'id-is-text',
    strength: 'must',
    demands: '`id` is a text that is not blank.',
    otherwise:
      'Customers have nothing to type behind `heroku addons:create`, and Heroku no user name to call with.',
    fix: 'Choose the slug of your add-on.',
    source: SOURCES.manifest,
    when: 'the manifest is an object',
    applies: ({ whole }) => whole !== null,
    find: ({ root: { id } }) => (isText(id) ? [] : [`id is ${kindOf(id)}`]),
  }),
  manifestRule({
    number: 'M03',
    name: 'id-is-a-slug',
    strength: 'must',
    demands: '`id` has lower-case letters, digits and hyphens only, and a letter among them.',
    otherwise:
      'Heroku takes no capitals, spaces or punctuation, and its generator no bare number. After the first push the id stays for ever.',
    fix: 'Rename it: acme-logs.',
    source: SOURCES.manifest,
    when: '`id` is a text',
    applies: ({ root: { id } }) => isText(id),
    find: ({ root: { id } }) => (/^(?=.*[a-z])[a-z0-9-]+$/.test(String(id)) ? [] : [`id is ${quoted(id)}`]),
  }),
  manifestRule({
    number: 'M04',
    name: 'id-without-addon',
    strength: 'must',
    demands: '`id` does not contain "addon" or "add-on".',
    otherwise: 'Heroku refuses the push, and every config var, URL and row that has the name must change.',
    fix: 'Leave the word out.',
    source: SOURCES.mylogger,
    when: '`id` is a text',
    applies: ({ root: { id } }) => isText(id),
    find: ({ root: { id } }) => (/add-?on/i.test(String(id)) ? [`id is ${quoted(id)}`] : []),
  }),
  manifestRule({
    number: 'M05',
    name: 'name-is-text',
    strength: 'should',
    demands: '`name` is a text that is not blank.',
    otherwise: 'There is nothing to read in the marketplace and in the dashboard but the slug.',
    fix: 'Write the name of your product.',
    source: SOURCES.manifest,
    when: 'the manifest is an object',
    applies: ({ whole }) => whole !== null,
    find: ({ root: { name } }) => (isText(name) ? [] : [`name is ${kindOf(name)}`]),
  }),
  manifestRule({
    number: 'M06',
    name: 'api-is-an-object',
    strength: 'must',
    demands: '`api` is an object.',
    otherwise: 'Heroku does not know where the add-on is, nor how to sign in to it.',
    fix: 'Put version, addresses and secrets into it: manifest generate shows how.',
    source: SOURCES.manifest,
    when: 'the manifest is an object',
    applies: ({ whole }) => whole !== null,
    find: ({ root, hasApi }) => (hasApi ? [] : [`api is ${kindOf(root.api)}`]),
  }),
  manifestRule({
    number: 'M07',
    name: 'version-3',
    strength: 'must',
    demands: '`api.version` is the text "3".',
    otherwise: 'Heroku takes it for a version of the API that ended on 3 July 2023.',
    fix: 'Write "version": "3", in quotes.',
    source: SOURCES.partnerApi,
    ...WITH_API,
    find: ({ api: { version } }) => (version === '3' ? [] : [`api.version is ${quoted(version)}`]),
  }),
  manifestRule({
    number: 'M08',
    name: 'keys-are-known',
    strength: 'should',
    demands: 'Every key is one that Heroku documents.',
    otherwise: 'Heroku passes over it. If it is a misspelt one, what it was meant to say is not said.',
    fix: 'Correct or remove it.',
    source: SOURCES.manifest,
    find: ({ root, api }) => [...unknownKeys(root, ROOT_KEYS, ''), ...unknownKeys(api, API_KEYS, 'api.')],
  }),
]

function unknownKeys(object: JsonObject, known: readonly string[], at: string): string[] {
  return Object.keys(object)
    .filter((key) => !known.includes(key))
    .map((key) => `${at}${key} is not known`)
}
