// `culvert doctor`: looks at everything that must be right for the service to work, and says what to do about what
// is not. Changes nothing, prints no secret.
import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig } from '../config.ts'
import { checkClickHouse } from './check-clickhouse.ts'
import { checkDatabase } from './check-database.ts'
import { checkManifest } from './check-manifest.ts'
import { checkReachable } from './check-reachable.ts'
import { checkSpool } from './check-spool.ts'
import { checkSpoolPlace } from './check-spool-place.ts'
import type { Command } from './command.ts'
import { type Finding, printFinding, reporter } from './finding.ts'

const MANIFEST = 'addon-manifest.json'

export const doctor: Command = {
  name: 'doctor',
  summary: 'checks settings, database, manifest and addresses, and says what to fix',
  help: `culvert doctor [-f <manifest>] [--json]

Checks, in this order: the version of Node; the settings; the database (reachable, version, TLS, free connections, a
pooler in between, settings under which a crash loses commits, its clock, migrations, privileges, tables for today and
tomorrow); ClickHouse, where it keeps the lines; where the spool is, and deliveries that are set aside on this machine; your add-on manifest against the settings; and whether PUBLIC_URL and DRAIN_URL lead to this service.

  -f, --file <manifest>  the manifest that you pushed to Heroku. Default: ${MANIFEST}
  --json                 {"ok", "findings": [{"check", "verdict", "says", "fix"}]}

One line for each check: ok, warn, FAIL or skip, and behind an arrow what to do. No secret is printed, and
nothing is changed. The exit code is 1 where something FAILs.
`,
  async run(args, { environment, write }) {
    const { values } = parseArgs({
      args,
      options: { file: { type: 'string', short: 'f' }, json: { type: 'boolean' } },
    })
    const findings: Finding[] = []
    checkNode(findings, process.versions.node)
    const config = checkSettings(findings, environment)
    if (config) {
      await checkDatabase(findings, config, new Date())
      await checkClickHouse(findings, config)
      checkSpoolPlace(findings, config.spool)
      await checkSpool(findings, config, new Date())
      await checkManifest(findings, config, values.file ?? MANIFEST)
      await checkReachable(findings, config)
    }
    const ok = !findings.some(({ verdict }) => verdict === 'FAIL')
    if (values.json) write(`${JSON.stringify({ ok, findings }, null, 2)}\n`)
    else write(findings.map(printFinding).join('') + summary(findings))
    return ok ? 0 : 1
  },
}

/** As `engines` of package.json. */
export function checkNode(findings: Finding[], version: string): void {
  const report = reporter(findings, 'Node')
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const runs = major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19)
  if (!runs) report('FAIL', `${version} is not supported`, 'Use 24, or 22.12 or newer, or 20.19 or newer.')
  else if (major < 22) report('warn', `${version} gets no security fixes any more`, 'Use 24.')
  else report('ok', version)
}

function checkSettings(
  findings: Finding[],
  environment: Record<string, string | undefined>,
): Config | undefined {
  const report = reporter(findings, 'Settings')
  let config: Config
  try {
    config = loadConfig(environment)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const sentence of error.message.split('\n'))
      report('FAIL', sentence, 'docs/settings.md lists all settings.')
    report('skip', 'everything else is looked at when these are right')
    return undefined
  }
  report('ok', `${config.production ? 'production' : 'development'}, add-on id "${config.addon.id}"`)
  if (config.production && config.metricsToken === null)
    report('warn', '/metrics is off', 'Set METRICS_TOKEN, and give it to Prometheus.')
  if (config.production && config.oauthClientSecrets.length === 0)
    report(
      'warn',
      'apps attached later are refused: without it Heroku cannot be asked whose their drains are',
      'Set HEROKU_CLIENT_SECRET to the OAuth client secret of your add-on in the Partner Portal.',
    )
  if (config.production && [...config.addon.passwords, ...config.addon.ssoSalts].some(isShort))
    report(
      'warn',
      'ADDON_PASSWORD or ADDON_SSO_SALT is short: no limit keeps anyone from guessing it',
      'Use 128 random bits, as `openssl rand -hex 16` prints them.',
    )
  if (config.addon.passwords.length > 1 || config.addon.ssoSalts.length > 1)
    report(
      'warn',
      'a previous password or salt is still accepted',
      'Once the new manifest is pushed, unset ADDON_PASSWORD_PREVIOUS and ADDON_SSO_SALT_PREVIOUS.',
    )
  return config
}

/** Of random hexadecimal digits, 128 bits are 32 characters; in base64 22. */
function isShort(secret: string): boolean {
  return secret.length < 22
}

function summary(findings: Finding[]): string {
  const count = (verdict: string) => findings.filter((finding) => finding.verdict === verdict).length
  const [failed, warned] = [count('FAIL'), count('warn')]
  if (failed + warned === 0) return '\nEverything is in order.\n'
  return `\n${failed} to fix, ${warned} to look at.\n`
}
