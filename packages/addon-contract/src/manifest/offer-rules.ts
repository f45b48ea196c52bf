// Rules about what the add-on offers and requires: regions, config vars, features.
import { kindOf, manifestRule, notStrings, quoted, SOURCES, WITH_API } from './manifest-rule.ts'
import { configVarPrefix, type ManifestView } from './view.ts'

/**
 * The regions of Heroku's generator, which `heroku regions` lists, and `*` for all. Kensa knows us, eu, frankfurt, oregon,
 * tokyo, virginia and * only.
 */
export const REGIONS: readonly string[] = [
  ...['us', 'eu', 'dublin', 'frankfurt', 'london', 'montreal', 'mumbai', 'oregon', 'singapore', 'sydney'],
  ...['tokyo', 'virginia', '*'],
]
export const FEATURES: readonly string[] = ['syslog_drain', 'log_input', 'attachable', 'many_per_app']
const CONFIG_VAR = /^[A-Z][0-9A-Z_]+$/
const WITH_REGIONS = {
  when: '`api.regions` is not empty',
  applies: ({ regions }: ManifestView) => regions.length > 0,
}
const WITH_CONFIG_VARS = {
  when: '`api.config_vars` is not empty',
  applies: ({ configVars }: ManifestView) => configVars.length > 0,
}

export const OFFER_RULES = [
  manifestRule({
    number: 'M13',
    name: 'regions-are-a-list',
    strength: 'must',
    demands: '`api.regions` is a list of strings and not empty.',
    otherwise: 'Heroku refuses the push: it offers the add-on to apps of these regions only.',
    fix: 'Write "regions": ["us", "eu"].',
    source: SOURCES.manifest,
    ...WITH_API,
    find: ({ api: { regions } }) =>
      Array.isArray(regions) && regions.length === 0
        ? ['api.regions is empty']
        : notStrings('api.regions', regions),
  }),
  manifestRule({
    number: 'M14',
    name: 'regions-have-us',
    strength: 'must',
    demands: '`api.regions` has "us" or "*".',
    otherwise:
      'Kensa refuses the manifest, and apps in the US, most of Heroku’s apps, cannot use the add-on.',
    fix: 'Add "us".',
    source: SOURCES.kensa,
    ...WITH_REGIONS,
    find: ({ regions }) =>
      regions.includes('us') || regions.includes('*') ? [] : ['api.regions has neither "us" nor "*"'],
  }),
  manifestRule({
    number: 'M15',
    name: 'regions-exist',
    strength: 'must',
    demands: `\`api.regions\` names regions of Heroku: ${REGIONS.join(', ')}.`,
    otherwise: 'No app is in a region that does not exist.',
    fix: 'Run `heroku regions`. Names of AWS regions, such as us-east-1, are not valid.',
    source: SOURCES.kensaRegions,
    ...WITH_REGIONS,
    find: ({ regions }) =>
      regions
        .filter((region) => !REGIONS.includes(region))
        .map((region) => `api.regions has ${quoted(region)}`),
  }),
  manifestRule({
    number: 'M16',
    name: 'config-vars-are-a-list',
    strength: 'must',
    demands: '`api.config_vars` is a list of strings.',
    otherwise: 'Nothing is declared, and every provision which answers with a config var fails.',
    fix: 'Write "config_vars": ["ACME_LOGS_URL"], or leave it out.',
    source: SOURCES.manifest,
    when: 'the manifest has `api.config_vars`',
    applies: ({ api }) => 'config_vars' in api,
    find: ({ api }) => notStrings('api.config_vars', api.config_vars),
  }),
  manifestRule({
    number: 'M17',
    name: 'config-vars-are-names',
    strength: 'must',
    demands: 'Each of `api.config_vars` is of capitals, digits and underscores, and begins with a letter.',
    otherwise: 'It cannot be an environment variable of the customer’s app.',
    fix: 'Rename it: ACME_LOGS_URL.',
    source: SOURCES.kensa,
    ...WITH_CONFIG_VARS,
    find: ({ configVars }) =>
      configVars
        .filter((name) => !CONFIG_VAR.test(name))
        .map((name) => `api.config_vars has ${quoted(name)}`),
  }),
  manifestRule({
    number: 'M18',
    name: 'config-vars-have-the-prefix',
    strength: 'must',
    demands: 'Each of `api.config_vars` begins with the prefix and a `_`.',
    otherwise:
      'Heroku refuses it: if a resource is attached under another name, that name replaces the prefix.',
    fix: 'Rename it, or set api.config_vars_prefix. Without that the prefix is the id in capitals, with _ for -.',
    source: SOURCES.manifest,
    when: '`api.config_vars` is not empty, and there is a prefix or an id',
    applies: (manifest) => manifest.configVars.length > 0 && configVarPrefix(manifest) !== '',
    find: (manifest) => {
      const prefix = `${configVarPrefix(manifest)}_`
      return manifest.configVars
        .filter((name) => CONFIG_VAR.test(name) && !name.startsWith(prefix))
        .map((name) => `${name} does not begin with ${prefix}`)
    },
  }),
  manifestRule({
    number: 'M19',
    name: 'prefix-is-a-name',
    strength: 'must',
    demands:
      '`api.config_vars_prefix` has only capitals, digits and underscores, begins with a letter and does not end in an underscore.',
    otherwise: 'No config var can begin with it and one `_`, as Heroku requires.',
    fix: 'Write it as ACME_LOGS, or leave it out.',
    source: SOURCES.manifest,
    when: 'the manifest has `api.config_vars_prefix`',
    applies: ({ api }) => 'config_vars_prefix' in api,
    find: ({ api: { config_vars_prefix: prefix } }) =>
      typeof prefix === 'string' && /^[A-Z]([0-9A-Z_]*[0-9A-Z])?$/.test(prefix)
        ? []
        : [`api.config_vars_prefix is ${quoted(prefix)}`],
  }),
  manifestRule({
    number: 'M20',
    name: 'requires-is-a-list',
    strength: 'must',
    demands: '`api.requires` is a list of strings.',
    otherwise: 'Heroku does not provide the features: no drain token, no log input.',
    fix: 'Write "requires": ["syslog_drain"], or [].',
    source: SOURCES.manifest,
    when: 'the manifest has `api.requires`',
    applies: ({ api }) => 'requires' in api,
    find: ({ api }) => notStrings('api.requires', api.requires),
  }),
  manifestRule({
    number: 'M21',
    name: 'requires-in-its-place',
    strength: 'must',
    demands: '`requires` is inside `api`.',
    otherwise: 'At the top level it has no effect, without any error.',
    fix: 'Move it into api.',
    source: SOURCES.manifest,
    find: ({ root }) =>
      'requires' in root ? [`requires is at the top level, ${kindOf(root.requires)}`] : [],
  }),
  manifestRule({
    number: 'M22',
    name: 'requires-are-known',
    strength: 'should',
    demands: `\`api.requires\` names features of Heroku: ${FEATURES.join(', ')}.`,
    otherwise: 'A misspelt feature has no effect. Webhooks replaced deploy_notify.',
    fix: 'Correct or remove it.',
    source: SOURCES.manifest,
    when: '`api.requires` is not empty',
    applies: ({ requires }) => requires.length > 0,
    find: ({ requires }) =>
      requires
        .filter((feature) => !FEATURES.includes(feature))
        .map((feature) => `api.requires has ${quoted(feature)}`),
  }),
]
