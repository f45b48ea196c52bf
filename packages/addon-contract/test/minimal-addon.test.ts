// The tester against an independent add-on: it passes, and each of its defects breaks exactly one rule.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { AREAS } from '../src/areas.ts'
import { exitStatus } from '../src/report.ts'
import { LIMITS, type Limits } from '../src/world.ts'
import { DEFECTS } from './defects.ts'
import { type MinimalOptions, startMinimalAddon } from './minimal-addon.ts'
import { type QuietReport, runQuietly } from './support.ts'

const fixture = (name: string) => readFileSync(new URL(`./fixtures/tls/${name}`, import.meta.url))
const TLS = { key: fixture('key.pem'), cert: fixture('certificate.pem') }
/** The rules for the manifest have their own tests. */
const OVER_HTTP = AREAS.filter(({ name }) => name !== 'manifest')
const LIMIT_MS = 60_000

async function test(options: MinimalOptions, limits: Partial<Limits> = {}): Promise<QuietReport> {
  const addon = await startMinimalAddon(options)
  try {
    return await runQuietly(
      { manifest: addon.manifest, areas: OVER_HTTP, navHeader: true, limits },
      ({ idUrl, apiUrl }) => {
        addon.heroku = { idUrl: idUrl ?? '', apiUrl: apiUrl ?? '' }
      },
    )
  } finally {
    await addon.close()
  }
}

describe.concurrent('an add-on that is whole', () => {
  for (const isAsync of [false, true]) {
    it(
      `passes, answering ${isAsync ? '202' : 'at once'}`,
      async () => {
        const report = await test({ isAsync })
        expect(report.broken).toEqual([])
        expect(exitStatus(report)).toBe(0)
      },
      LIMIT_MS,
    )
  }

  it(
    'passes over https',
    async () => {
      const report = await test({ tls: TLS })
      expect(report.broken).toEqual([])
      expect(report.skipped.filter((number) => !number.startsWith('A'))).toEqual(['L07'])
    },
    LIMIT_MS,
  )
})

describe.concurrent('an add-on that is broken in one way', () => {
  for (const { rule, isAsync = false, isTls = false, isSlow = false } of DEFECTS) {
    it(
      `is caught by ${rule} alone`,
      async ({ expect }) => {
        const report = await test(
          { defect: rule, isAsync, ...(isTls && { tls: TLS }) },
          isSlow ? { aimMs: LIMITS.aimMs, drainMs: LIMITS.drainMs } : {},
        )
        expect(
          report.broken.map((one) => one.slice(0, 3)),
          report.broken.join('\n'),
        ).toEqual([rule])
      },
      LIMIT_MS,
    )
  }
})

it('every rule has a defect', () => {
  const rules = OVER_HTTP.flatMap((area) => area.rules.map(({ number }) => number))
  expect(new Set(rules).size).toBe(rules.length)
  expect(DEFECTS.map(({ rule }) => rule)).toEqual(rules)
})
