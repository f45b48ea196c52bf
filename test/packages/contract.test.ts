// The contract tester against this service over HTTP, as for any other add-on.
import { AREAS, exitStatus, FEATURES, generateManifest } from 'heroku-addon-contract'
import { expect, it } from 'vitest'
import { freePort, runQuietly } from '../../packages/addon-contract/test/support.ts'
import { startTestService } from '../support/service.ts'

const CLIENT_SECRET = 'the-client-secret-of-the-portal'

const SKIPPED: Record<string, string[]> = {
  synchronous: ['A01', 'A02', 'A03', 'A04', 'A10', 'A11', 'A12', 'A13', 'A15', 'A16', 'S17', 'L07'],
  asynchronous: ['P12', 'P13', 'P14', 'P15', 'S17'],
}

for (const provisioning of ['synchronous', 'asynchronous']) {
  it(`the service passes every rule that applies when it provisions ${provisioning}ly`, async () => {
    const [idPort, apiPort] = [await freePort(), await freePort()]
    const service = await startTestService({
      HEROKU_ID_URL: `http://127.0.0.1:${idPort}`,
      HEROKU_API_URL: `http://127.0.0.1:${apiPort}`,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
      HEROKU_NAV_HEADER: 'true',
      PROVISIONING: provisioning,
    })
    try {
      const { addon, plans } = service.config
      const manifest = generateManifest({
        id: addon.id,
        name: 'Culvert',
        origin: 'https://logs.acme.com',
        requires: FEATURES,
        secret: () => 'replaced',
      })
      const report = await runQuietly({
        manifest: {
          ...manifest,
          api: {
            ...manifest.api,
            password: addon.passwords[0],
            sso_salt: addon.ssoSalts[0],
            test: {
              base_url: `${service.origin}/heroku/resources`,
              sso_url: `${service.origin}/sso/login`,
            },
          },
        },
        areas: AREAS,
        plans: [plans[0]?.slug ?? '', plans[1]?.slug ?? ''],
        navHeader: true,
        clientSecret: CLIENT_SECRET,
        idPort,
        apiPort,
      })
      expect(report.broken).toEqual([])
      expect(exitStatus(report)).toBe(0)
      // What is not done in this mode, and what is about https (the service has a proxy for that).
      expect(report.skipped).toEqual(SKIPPED[provisioning])
    } finally {
      await service.close()
    }
  }, 60_000)
}
