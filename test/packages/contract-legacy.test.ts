// kensa's rules against this service, with the setting that kensa needs.
import { readFileSync } from 'node:fs'
import { exitStatus, legacyAreas } from 'heroku-addon-contract'
import { expect, it } from 'vitest'
import { oldManifest } from '../../packages/addon-contract/test/legacy/old-addon.ts'
import { runQuietly } from '../../packages/addon-contract/test/support.ts'
import { startTestService } from '../support/service.ts'

it('the service passes every legacy rule with HEROKU_NAV_HEADER=true', async () => {
  const service = await startTestService({ HEROKU_NAV_HEADER: 'true' })
  try {
    const { addon } = service.config
    const { api, ...root } = JSON.parse(
      readFileSync(new URL('../../addon-manifest.json', import.meta.url), 'utf8'),
    )
    const report = await runQuietly({
      manifest: {
        ...root,
        api: {
          ...api,
          password: addon.passwords[0],
          sso_salt: addon.ssoSalts[0],
          // Without many_per_app kensa also asks twice for one app.
          requires: ['syslog_drain'],
          test: oldManifest(service.origin).api.test,
        },
      },
      areas: legacyAreas(false),
    })
    expect(report.broken).toEqual([])
    expect(exitStatus(report)).toBe(0)
    const skipped = report.areas.flatMap(({ findings }) =>
      findings.filter(({ verdict }) => verdict.kind === 'skip'),
    )
    expect(skipped.map(({ rule }) => rule.number)).toEqual(['K21'])
  } finally {
    await service.close()
  }
})
