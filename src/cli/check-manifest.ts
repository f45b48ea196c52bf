// The manifest that Heroku has: against the rules for every manifest, and against the settings of this service.
// Secrets are compared, not shown.
import { readFileSync } from 'node:fs'
import type { Config } from '../config.ts'
import { loadAddonContract, PACKAGE } from './addon-contract.ts'
import { type Finding, type Report, reporter } from './finding.ts'

const PUSH = 'Correct the manifest and push it: heroku addons:admin:manifest:push'

export async function checkManifest(findings: Finding[], config: Config, path: string): Promise<void> {
  const report = reporter(findings, 'Manifest')
  let data: unknown
  try {
    // Editors on Windows write a byte order mark, and JSON.parse knows none.
    data = JSON.parse(readFileSync(path, 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') report('skip', `there is no ${path} here`, 'culvert doctor -f <your manifest>')
    else if (code !== undefined) report('FAIL', `${path} cannot be read: ${code}`, 'Check its permissions.')
    // Without the parser's message, which quotes the file and its secrets.
    else report('FAIL', `${path} is not JSON`, 'Pull it again: heroku addons:admin:manifest:pull <slug>')
    return
  }
  await checkRules(report, config, data)
  const before = findings.length
  checkSettings(report, config, data)
  if (findings.length === before) report('ok', `${path} fits the settings`)
}

/** In development the manifest is a sample, so that a broken `should` is of no interest. */
async function checkRules(report: Report, { production }: Config, data: unknown): Promise<void> {
  const contract = await loadAddonContract()
  if (contract === null)
    return report(
      'skip',
      `its rules need ${PACKAGE}, which is not installed here`,
      `npx ${PACKAGE} manifest validate`,
    )
  for (const { number, name, strength, says, fix } of contract.brokenRules(data)) {
    if (strength === 'must' || production)
      report(strength === 'must' ? 'FAIL' : 'warn', `${says} (${number} ${name})`, fix)
  }
}

/** Parts that are missing break a rule instead. */
function checkSettings(report: Report, config: Config, data: unknown): void {
  const { addon } = config
  const root = objectIn(data)
  const api = objectIn(root.api)
  if (typeof root.id === 'string' && root.id !== addon.id)
    report(
      'FAIL',
      `its id is "${root.id}", ADDON_ID is "${addon.id}"`,
      "Heroku signs in as the manifest's id: set ADDON_ID to it.",
    )
  checkSecret(report, 'password', api.password, addon.passwords, 'ADDON_PASSWORD')
  checkSecret(report, 'sso_salt', api.sso_salt, addon.ssoSalts, 'ADDON_SSO_SALT')
  if (!listIn(api.config_vars).includes(addon.configVar))
    report(
      'FAIL',
      `api.config_vars does not have ${addon.configVar}: Heroku would refuse every provision`,
      PUSH,
    )
  if (!listIn(api.requires).includes('syslog_drain'))
    report('FAIL', 'api.requires does not have syslog_drain: no log would ever come', PUSH)
  checkAddresses(report, config, api)
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

function checkAddresses(report: Report, config: Config, api: Record<string, unknown>): void {
  const kind = config.production ? 'production' : 'test'
  const given = objectIn(api[kind])
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

function objectIn(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

function listIn(value: unknown): unknown[] {
  return Array.isArray(value) ? value : []
}
