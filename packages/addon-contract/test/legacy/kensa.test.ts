// `test --legacy` against the recorded verdicts of the real kensa on the same manifests and add-ons.
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { legacyAreas } from '../../src/legacy/areas.ts'
import { exitStatus } from '../../src/report.ts'
import { runQuietly } from '../support.ts'
import { CASES, type Case, keyOf, manifestOf } from './cases.ts'
import {
  brokenToday,
  CHECKS,
  DIFFERENCES,
  expectedOf,
  type KensaVerdict,
  kensaDocument,
} from './kensa-document.ts'
import { type OldAddonOptions, oldManifest, startOldAddon } from './old-addon.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')
const VERDICTS: Record<string, KensaVerdict> = JSON.parse(read('../fixtures/kensa-verdicts.json'))

/** As kensa does: the manifest first, and the first failure counts. */
async function ours(one: Case) {
  const drains = (one.requires ?? ['syslog_drain']).includes('syslog_drain')
  const addon = await startOldAddon({ drains, ...one.addon })
  try {
    const areas = legacyAreas(one.addon?.isAsync ?? false)
    const report = await runQuietly({
      manifest: manifestOf(one, (requires) => oldManifest(addon.origin, requires)),
      limits: { finishMs: one.addon?.defect === 'no-callback' ? 200 : 10_000, callMs: 500 },
      areas: areas.filter(({ name }) => name === 'manifest' || name === one.command),
    })
    const broken = report.areas.flatMap(({ findings }) =>
      findings
        .filter(({ rule, verdict }) => verdict.kind === 'fail' && rule.strength === 'must')
        .map(({ rule }) => rule.number),
    )
    return { status: exitStatus(report), broken, left: addon.live.size }
  } finally {
    await addon.close()
  }
}

describe('test --legacy agrees with kensa', () => {
  it.each(CASES.map((one) => [keyOf(one), one] as const))('%s', async (key, one) => {
    const kensa = VERDICTS[key] as KensaVerdict
    const { status, broken } = await ours(one)
    expect(broken[0] ?? null).toBe(expectedOf(key, kensa))
    if (DIFFERENCES[key] === undefined) expect(status === 0).toBe(kensa.ends === 'pass')
  })
})

it('each legacy rule has a case that breaks it', async () => {
  const caught = CASES.map((one) => expectedOf(keyOf(one), VERDICTS[keyOf(one)] as KensaVerdict))
  const musts = legacyAreas(true).flatMap(({ rules }) =>
    rules.filter(({ strength }) => strength === 'must').map(({ number }) => number),
  )
  expect(musts.filter((number) => !caught.includes(number))).toEqual([])
  expect(CHECKS.map(({ legacy }) => legacy)).toEqual(
    legacyAreas(true).flatMap(({ rules }) => rules.map(({ number }) => number)),
  )
})

it('test --legacy deprovisions what it provisioned, unlike kensa', async () => {
  for (const command of ['provision', 'planchange', 'deprovision', 'sso'] as const) {
    expect((await ours({ command, name: 'is right' })).left).toBe(0)
    expect((await ours({ command, name: 'is right', addon: { isAsync: true } })).left).toBe(0)
  }
})

it('the rules for version 3 cover what kensa ignores or is too old for', () => {
  const f = (name: string, ...expected: string[]) =>
    expect(brokenToday(CASES.find((one) => keyOf(one) === `manifest: ${name}`) as Case)).toEqual(expected)
  f('has a region of today')
  f('has a region that does not exist', 'M15')
  f('has no test addresses', 'M28 (warns)')
  f('has one production address', 'M23')
  f('has null for its password', 'M09')
  f('has no salt', 'M10')
  f('has a slug with "addon"', 'M04')
  f('has its features at the top', 'M21')
})

it('test all --legacy leaves out sso, as kensa does', async () => {
  const legacyTest = async (options: OldAddonOptions, ...args: string[]) => {
    const addon = await startOldAddon(options)
    const file = join(mkdtempSync(join(tmpdir(), 'addon-contract-legacy-')), 'addon-manifest.json')
    writeFileSync(file, JSON.stringify(oldManifest(addon.origin)))
    let output = ''
    const write = (text: string) => {
      output += text
    }
    const context = { environment: {}, write, writeError: write }
    const status = await runCli(['test', ...args, '--legacy', '-f', file], context)
    const kensas = addon.asked.every(
      ({ headers, body }) => headers.accept === 'application/json' && !body.includes('oauth_grant'),
    )
    await addon.close()
    return { status, output, kensas }
  }
  const all = await legacyTest({}, 'all')
  expect(all).toMatchObject({ status: 0, kensas: true })
  expect(all.output).not.toContain('K50')
  expect(await legacyTest({ defect: 'sso-takes-any-token' }, 'all')).toMatchObject({ status: 0 })
  const sso = await legacyTest({ defect: 'sso-takes-any-token' }, 'sso')
  expect(sso.output).toMatch(/FAIL K50 sso-token.*\n +with an invalid token: answered 302, not 403/)
  expect(sso.status).toBe(1)
  expect(await legacyTest({ isAsync: true }, 'provision', '--async')).toMatchObject({ status: 0 })
  expect(await legacyTest({}, 'drain')).toMatchObject({
    status: 2,
    output: expect.stringContaining('manifest, provision, planchange, deprovision, sso, all'),
  })
})

it('docs/kensa.md is up to date', () => {
  expect(read('../../docs/kensa.md')).toBe(kensaDocument(VERDICTS))
})
