// Mutation tests of the rules for the manifest: each defect is caught by its rule and by no other.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { MANIFEST_RULES } from '../../src/manifest/rules.ts'
import { type Json, type JsonObject, viewManifest } from '../../src/manifest/view.ts'
import { judgeAll } from '../../src/rule.ts'

const GOOD: JsonObject & { api: JsonObject } = {
  id: 'acme-logs',
  name: 'Acme Logs',
  cli_plugin_name: '@acme/heroku-acme-logs',
  api: {
    version: '3',
    config_vars_prefix: 'ACME_LOGS',
    config_vars: ['ACME_LOGS_URL'],
    password: 'a'.repeat(32),
    sso_salt: 'b'.repeat(32),
    regions: ['us', 'eu', 'dublin'],
    requires: ['syslog_drain', 'many_per_app'],
    production: {
      base_url: 'https://addon.acme-logs.com/heroku/resources',
      sso_url: 'https://addon.acme-logs.com/sso/login',
    },
    test: {
      base_url: 'http://localhost:5000/heroku/resources',
      sso_url: 'http://localhost:5000/sso/login',
    },
  },
  $base: 1767225600123,
}

function broken(manifest: unknown): string[] {
  return judgeAll(MANIFEST_RULES, viewManifest(manifest)).flatMap(({ rule, verdict }) =>
    verdict.kind === 'fail' ? [rule.number] : [],
  )
}

/** The valid manifest with changes; undefined removes a key. */
function changed(
  root: Record<string, Json | undefined>,
  api: Record<string, Json | undefined> = {},
): unknown {
  return JSON.parse(JSON.stringify({ ...GOOD, api: { ...GOOD.api, ...api }, ...root }))
}
const withApi = (api: Record<string, Json | undefined>) => changed({}, api)
const PRODUCTION = GOOD.api.production as JsonObject
const TEST = GOOD.api.test as JsonObject

/** By rule: manifests that break only this rule. */
const DEFECTS: Record<string, unknown[]> = {
  M01: [['not', 'an', 'object'], null, 'text'],
  M02: [
    changed({ id: undefined }),
    changed({ id: '  ' }),
    changed({ id: 7 }),
    changed({ id: ' ' }, { config_vars_prefix: undefined }),
  ],
  M03: [changed({ id: 'Acme-Logs' }), changed({ id: 'acme_logs' }), changed({ id: '2024' })],
  M04: [changed({ id: 'acme-addon' }), changed({ id: 'my-add-on' })],
  M05: [changed({ name: undefined }), changed({ name: '' })],
  M06: [changed({ api: undefined }), changed({ api: 'https://acme-logs.com' }), changed({ api: [] })],
  M07: [withApi({ version: undefined }), withApi({ version: '1' }), withApi({ version: 3 })],
  M08: [changed({ nmae: 'Acme Logs' }), withApi({ config_var: ['ACME_LOGS_URL'] })],
  M09: [withApi({ password: undefined }), withApi({ password: '' }), withApi({ password: null })],
  M10: [withApi({ sso_salt: undefined }), withApi({ sso_salt: 5 })],
  M11: [
    withApi({ password: 'secret' }),
    withApi({ sso_salt: 'pepper' }),
    withApi({ sso_salt: GOOD.api.password as string }),
  ],
  M12: [withApi({ username: 'acme' })],
  M13: [
    withApi({ regions: undefined }),
    withApi({ regions: 'us' }),
    withApi({ regions: [] }),
    withApi({ regions: ['us', 1] }),
  ],
  M14: [withApi({ regions: ['eu'] })],
  M15: [withApi({ regions: ['us', 'us-east-1'] })],
  M16: [withApi({ config_vars: 'ACME_LOGS_URL' }), withApi({ config_vars: { ACME_LOGS_URL: '' } })],
  M17: [withApi({ config_vars: ['acme_logs_url'] }), withApi({ config_vars: ['ACME_LOGS_URL\nX'] })],
  M18: [
    withApi({ config_vars: ['ACME_URL'] }),
    withApi({ config_vars: ['ACME_LOGSURL'], config_vars_prefix: undefined }),
  ],
  M19: [
    withApi({ config_vars_prefix: 'acme', config_vars: [] }),
    withApi({ config_vars_prefix: 'ACME_', config_vars: [] }),
  ],
  M20: [withApi({ requires: 'syslog_drain' }), withApi({ requires: [true] })],
  M21: [changed({ requires: ['syslog_drain'] })],
  M22: [withApi({ requires: ['syslog_drains'] }), withApi({ requires: ['deploy_notify'] })],
  M23: [
    withApi({ production: undefined }),
    withApi({ production: 'https://addon.acme-logs.com/' }),
    withApi({ production: { base_url: PRODUCTION.base_url as string } }),
  ],
  M24: [
    withApi({ production: { ...PRODUCTION, base_url: 'http://addon.acme-logs.com/heroku/resources' } }),
    withApi({ production: { ...PRODUCTION, base_url: '/heroku/resources' } }),
  ],
  M25: [withApi({ production: { ...PRODUCTION, sso_url: 'http://addon.acme-logs.com/sso/login' } })],
  M26: ['localhost', '10.0.0.8', 'acme.example.com', 'addon', '[::1]', '192.168.1.4:8443'].map((host) =>
    withApi({ production: { ...PRODUCTION, base_url: `https://${host}/heroku/resources` } }),
  ),
  M27: [
    withApi({ production: { ...PRODUCTION, base_url: 'https://addon.acme-logs.com/heroku/resources/' } }),
    withApi({ test: { ...TEST, base_url: 'http://localhost:5000/api' } }),
  ],
  M28: [withApi({ test: undefined }), withApi({ test: { ...TEST, sso_url: 'no address' } })],
}

it('a valid manifest passes every rule, with or without its optional parts', () => {
  expect(broken(GOOD)).toEqual([])
  expect(broken(changed({ cli_plugin_name: undefined, $base: undefined }))).toEqual([])
  const bare = { config_vars_prefix: undefined, config_vars: undefined, requires: undefined }
  expect(broken(withApi(bare))).toEqual([])
  expect(broken(withApi({ regions: ['*'] }))).toEqual([])
})

it('every rule has a defect, and the numbers are consecutive', () => {
  expect(MANIFEST_RULES.map(({ number }) => number)).toEqual(Object.keys(DEFECTS))
})

it.each(Object.entries(DEFECTS))('the defects of %s break this rule and no other', (number, manifests) => {
  for (const manifest of manifests) expect(broken(manifest)).toEqual([number])
})

it('the rules print no secret and never throw, whatever the manifest contains', () => {
  const secret = 'hunter2-hunter2-hunter2'
  const value = fc.jsonValue({ maxDepth: 2 }).map((json) => json as Json)
  const keys = ['version', 'regions', 'config_vars', 'config_vars_prefix', 'requires', 'production', 'test']
  const api = fc.dictionary(fc.constantFrom(...keys, 'username'), value)
  fc.assert(
    fc.property(api, value, fc.boolean(), (parts, odd, atTheTop) => {
      const secrets = { password: [secret], sso_salt: { secret } }
      const manifest = atTheTop ? odd : { id: odd, api: { ...parts, ...secrets } }
      const findings = judgeAll(MANIFEST_RULES, viewManifest(manifest))
      expect(JSON.stringify(findings)).not.toContain(secret)
    }),
  )
})
