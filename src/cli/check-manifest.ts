// The manifest that Heroku knows: by the rules for any manifest, and against the settings that this service runs with.
// Secrets are compared, not shown.
import type { Config } from '../config.ts'
import { MANIFEST_RULES } from '../contract/manifest/rules.ts'
import { type ManifestView, viewManifest } from '../contract/manifest/view.ts'
import { judgeAll } from '../contract/rule.ts'
import { type Finding, type Report, reporter } from './finding.ts'
import { ManifestUnreadable, readManifest } from './manifest/read.ts'

const PUSH = 'Correct the manifest and push it: heroku addons:admin:manifest:push'

export function checkManifest(findings: Finding[], config: Config, path: string): void {
  const report = reporter(findings, 'Manifest')
  let data: unknown
  try {
    data = readManifest(path).data
  } catch (error) {
    if (!(error instanceof ManifestUnreadable)) throw error
    if (error.isMissing) report('skip', error.says, 'culvert doctor -f <your manifest>')
    else report('FAIL', error.says, error.fix)
    return
  }
  const manifest = viewManifest(data)
  checkRules(report, config, manifest)
  const before = findings.length
  checkSettings(report, config, manifest)
  if (findings.length === before) report('ok', `${path} fits the settings`)
}

/** In development the manifest is a sample, and what it should be like is of no interest. */
function checkRules(report: Report, { production }: Config, manifest: ManifestView): void {
  for (const { rule, verdict } of judgeAll(MANIFEST_RULES, manifest)) {
    if (verdict.kind !== 'fail' || (rule.strength === 'should' && !production)) continue
    report(
      rule.strength === 'must' ? 'FAIL' : 'warn',
      `${verdict.says} (${rule.number} ${rule.name})`,
      verdict.fix,
    )
  }
}

/** What is missing altogether is told by the rules. */
function checkSettings(report: Report, config: Config, manifest: ManifestView): void {
  const { addon } = config
  const { root, api, requires, configVars } = manifest
  if (typeof root.id === 'string' && root.id !== addon.id)
    report(
      'FAIL',
      `its id is "${root.id}", ADDON_ID is "${addon.id}"`,
      "Heroku signs in as the manifest's id: set ADDON_ID to it.",
    )
  checkSecret(report, 'password', api.password, addon.passwords, 'ADDON_PASSWORD')
  checkSecret(report, 'sso_salt', api.sso_salt, addon.ssoSalts, 'ADDON_SSO_SALT')
  if (!configVars.includes(addon.configVar))
    report(
      'FAIL',
      `api.config_vars does not have ${addon.configVar}: Heroku would refuse every provision`,
      PUSH,
    )
  if (!requires.includes('syslog_drain'))
    report('FAIL', 'api.requires does not have syslog_drain: no log would ever come', PUSH)
  checkAddresses(report, config, manifest)
}

function checkSecret(
  report: Report,
  name: string,
  given: unknown,
  known: readonly string[],
  setting: string,
): void {
  if (typeof given !== 'string') return
  const at = known.indexOf(given)
  if (at === -1)
    report(
      'FAIL',
      `api.${name} is not what ${setting} is`,
      `Set ${setting} to the manifest's, or push one that has it.`,
    )
  if (at > 0) report('warn', `api.${name} is ${setting}_PREVIOUS`, 'Push the manifest with the new one.')
}

function checkAddresses(report: Report, config: Config, manifest: ManifestView): void {
  const kind = config.production ? 'production' : 'test'
  const given = manifest[kind]
  const expected = {
    base_url: `${config.publicUrl}/heroku/resources`,
    sso_url: `${config.publicUrl}/sso/login`,
  }
  if (kind === 'test' && Object.keys(given).length === 0) {
    report('skip', 'it has no addresses at api.test')
    return
  }
  for (const [name, address] of Object.entries(expected)) {
    const found = given[name]
    if (found !== address)
      report(
        'FAIL',
        `api.${kind}.${name} is ${typeof found === 'string' ? found : 'missing'}, not ${address}`,
        `Correct PUBLIC_URL, or: ${PUSH}`,
      )
  }
}
