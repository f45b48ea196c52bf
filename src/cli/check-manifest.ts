// The manifest that Heroku knows against the settings that this service runs with. Secrets are compared, not shown.
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { type Finding, type Report, reporter } from './finding.ts'

const addresses = z.object({ base_url: z.string(), sso_url: z.string() }).partial()
/** Lenient: what is missing is told one by one. */
const manifestSchema = z.object({
  id: z.string(),
  api: z.object({
    version: z.union([z.string(), z.number()]).optional(),
    password: z.string().optional(),
    sso_salt: z.string().optional(),
    config_vars_prefix: z.string().optional(),
    config_vars: z.array(z.string()).default([]),
    regions: z.array(z.string()).default([]),
    requires: z.array(z.string()).default([]),
    production: z.union([addresses, z.string()]).optional(),
    test: z.union([addresses, z.string()]).optional(),
  }),
})
type Manifest = z.infer<typeof manifestSchema>

const PUSH = 'Correct the manifest and push it: heroku addons:admin:manifest:push'

export function checkManifest(findings: Finding[], config: Config, path: string): void {
  const report = reporter(findings, 'Manifest')
  const manifest = read(path, report)
  if (manifest === undefined) return
  const before = findings.length
  const { addon } = config
  const { api } = manifest

  if (manifest.id !== addon.id)
    report(
      'FAIL',
      `its id is "${manifest.id}", ADDON_ID is "${addon.id}"`,
      "Heroku signs in as the manifest's id: set ADDON_ID to it.",
    )
  checkSecret(report, 'password', api.password, addon.passwords, 'ADDON_PASSWORD')
  checkSecret(report, 'sso_salt', api.sso_salt, addon.ssoSalts, 'ADDON_SSO_SALT')
  if (String(api.version ?? '') !== '3') report('FAIL', 'api.version is not "3"', PUSH)
  if (!api.config_vars.includes(addon.configVar))
    report(
      'FAIL',
      `api.config_vars does not have ${addon.configVar}: Heroku would refuse every provision`,
      PUSH,
    )
  if (api.config_vars_prefix !== undefined && !addon.configVar.startsWith(`${api.config_vars_prefix}_`))
    report('FAIL', `${addon.configVar} does not begin with api.config_vars_prefix`, PUSH)
  if (!api.requires.includes('syslog_drain'))
    report('FAIL', 'api.requires does not have syslog_drain: no log would ever come', PUSH)
  if (!api.regions.includes('us') && !api.regions.includes('*'))
    report('warn', 'api.regions has neither "us" nor "*"', `Apps elsewhere only can use the add-on. ${PUSH}`)
  checkAddresses(report, config, manifest)
  if (findings.length === before) report('ok', `${path} fits the settings`)
}

function read(path: string, report: Report): Manifest | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    report('skip', `there is no ${path} here`, 'culvert doctor -f <your manifest>')
    return undefined
  }
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    // Without the parser's words: they quote the file, and the file holds secrets.
    report('FAIL', `${path} is not JSON`, 'Correct it, or pull it again: heroku addons:admin:manifest:pull')
    return undefined
  }
  const result = manifestSchema.safeParse(data)
  if (result.success) return result.data
  for (const { path: at, message } of result.error.issues) report('FAIL', `${at.join('.')}: ${message}`, PUSH)
  return undefined
}

function checkSecret(
  report: Report,
  name: string,
  given: string | undefined,
  known: readonly string[],
  setting: string,
): void {
  if (given === undefined) {
    report('FAIL', `it has no api.${name}`, PUSH)
    return
  }
  const at = known.indexOf(given)
  if (at === -1)
    report(
      'FAIL',
      `api.${name} is not what ${setting} is`,
      `Set ${setting} to the manifest's, or push one that has it.`,
    )
  if (at > 0) report('warn', `api.${name} is ${setting}_PREVIOUS`, 'Push the manifest with the new one.')
}

function checkAddresses(report: Report, config: Config, { api }: Manifest): void {
  const kind = config.production ? 'production' : 'test'
  const given = api[kind]
  if (given === undefined || typeof given === 'string') {
    const verdict = config.production ? 'FAIL' : 'skip'
    report(verdict, `it has no addresses at api.${kind}`, config.production ? PUSH : undefined)
    return
  }
  const expected = {
    base_url: `${config.publicUrl}/heroku/resources`,
    sso_url: `${config.publicUrl}/sso/login`,
  }
  for (const [name, address] of Object.entries(expected)) {
    const found = given[name as keyof typeof expected]
    if (found !== address)
      report(
        'FAIL',
        `api.${kind}.${name} is ${found ?? 'missing'}, not ${address}`,
        `Correct PUBLIC_URL, or: ${PUSH}`,
      )
  }
}
