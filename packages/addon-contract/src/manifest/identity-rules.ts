// Rules about the name of the add-on and the parts of its manifest.
import { isText, kindOf, manifestRule, quoted, SOURCES, WITH_API } from './manifest-rule.ts'
import type { JsonObject } from './view.ts'

/** A misplaced `requires` and `api.username` have their own rules. */
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
    otherwise: 'Heroku cannot read it.',
    fix: 'Start from a new one: manifest generate writes it.',
    source: SOURCES.manifest,
    find: ({ whole }) => (whole === null ? ['it is not an object'] : []),
  }),
  manifestRule({
    number: 'M02',
    name: 'id-is-text',
    strength: 'must',
    demands: '`id` is a string that is not blank.',
    otherwise:
      'Customers have no name to type after `heroku addons:create`, and Heroku has no user name for its calls.',
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
    demands: '`id` has only lower-case letters, digits and hyphens, and at least one letter.',
    otherwise:
      'Heroku accepts no capitals, spaces or punctuation, and its generator no bare number. The id cannot change after the first push.',
    fix: 'Rename it: acme-logs.',
    source: SOURCES.manifest,
    when: '`id` is a string',
    applies: ({ root: { id } }) => isText(id),
    find: ({ root: { id } }) => (/^(?=.*[a-z])[a-z0-9-]+$/.test(String(id)) ? [] : [`id is ${quoted(id)}`]),
  }),
  manifestRule({
    number: 'M04',
    name: 'id-without-addon',
    strength: 'must',
    demands: '`id` does not contain "addon" or "add-on".',
    otherwise: 'Heroku refuses the push, and every config var, URL and row with the name must change.',
    fix: 'Leave the word out.',
    source: SOURCES.mylogger,
    when: '`id` is a string',
    applies: ({ root: { id } }) => isText(id),
    find: ({ root: { id } }) => (/add-?on/i.test(String(id)) ? [`id is ${quoted(id)}`] : []),
  }),
  manifestRule({
    number: 'M05',
    name: 'name-is-text',
    strength: 'should',
    demands: '`name` is a string that is not blank.',
    otherwise: 'The marketplace and the dashboard show only the slug.',
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
    otherwise: 'Heroku knows neither the addresses nor the secrets of the add-on.',
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
    demands: '`api.version` is the string "3".',
    otherwise: 'Heroku assumes a version of the API that ended on 3 July 2023.',
    fix: 'Write "version": "3", in quotes.',
    source: SOURCES.partnerApi,
    ...WITH_API,
    find: ({ api: { version } }) => (version === '3' ? [] : [`api.version is ${quoted(version)}`]),
  }),
  manifestRule({
    number: 'M08',
    name: 'keys-are-known',
    strength: 'should',
    demands: 'Heroku documents every key.',
    otherwise: 'Heroku ignores an unknown key. If it is misspelt, its value has no effect.',
    fix: 'Correct or remove it.',
    source: SOURCES.manifest,
    find: ({ root, api }) => [...unknownKeys(root, ROOT_KEYS, ''), ...unknownKeys(api, API_KEYS, 'api.')],
  }),
]

function unknownKeys(object: JsonObject, known: readonly string[], at: string): string[] {
  return Object.keys(object)
    .filter((key) => !known.includes(key))
    .map((key) => `${at}${key} is unknown`)
}
