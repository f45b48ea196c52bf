import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { checkSpoolPlace } from '../../src/cli/check-spool-place.ts'
import { checkNode } from '../../src/cli/doctor.ts'
import type { Finding } from '../../src/cli/finding.ts'
import { runCli } from '../../src/cli/run.ts'
import { loadConfig } from '../../src/config.ts'
import { createTestDatabase } from '../support/database.ts'
import { hasPgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { startTestService, type TestService } from '../support/service.ts'

const LAUNCHER = fileURLToPath(new URL('../../src/cli/culvert.js', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'culvert-doctor-'))
const SECRETS = { ADDON_PASSWORD: 'a-password-of-our-own', ADDON_SSO_SALT: 'a-salt-of-our-own' }
const manifest = JSON.parse(readFileSync(new URL('../../addon-manifest.json', import.meta.url), 'utf8'))

let service: TestService
/** Settings under which all is well. */
let environment: Record<string, string>

beforeAll(async () => {
  service = await startTestService()
  environment = { DATABASE_URL: service.database.url, PUBLIC_URL: service.origin, ...SECRETS }
})
afterAll(() => service.close())

async function culvert(args: string[], settings = environment) {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const code = await runCli(args, { environment: settings, write, writeError: write })
  return { code, output }
}

async function doctor(settings: Record<string, string> = environment, changes: Manifest = {}) {
  const { code, output } = await culvert(['doctor', '--json', '-f', manifestFile(changes)], settings)
  const { ok, findings } = JSON.parse(output) as { ok: boolean; findings: Finding[] }
  expect(code).toBe(ok ? 0 : 1)
  const of = (check: string) => findings.filter((finding) => finding.check === check)
  return {
    ok,
    output,
    of,
    line: (check: string) =>
      of(check)
        .map((f) => `${f.verdict} ${f.says}`)
        .join('\n'),
  }
}

type Manifest = Record<string, unknown>

/** The checked-in manifest, with our secrets and the addresses of the service. */
function manifestFile({ id, ...api }: Manifest): string {
  const path = join(directory, `${Math.random()}.json`)
  const test = { base_url: `${service.origin}/heroku/resources`, sso_url: `${service.origin}/sso/login` }
  const secrets = { password: SECRETS.ADDON_PASSWORD, sso_salt: SECRETS.ADDON_SSO_SALT }
  writeFileSync(
    path,
    JSON.stringify({
      ...manifest,
      ...(id !== undefined && { id }),
      api: { ...manifest.api, ...secrets, test, ...api },
    }),
  )
  return path
}

it('the place of the spool may lose it', () => {
  const verdict = (type: number | null, on = true) => {
    const findings: Finding[] = []
    checkSpoolPlace(findings, { ...loadConfig({}).spool, on, directory: '/spool' }, () => type)
    return findings.map(({ verdict, says }) => `${verdict} ${says}`)
  }
  expect(verdict(0x01021994)).toEqual(['warn /spool is in memory (tmpfs): a restart of the machine loses it'])
  expect(verdict(0x6969)).toEqual([expect.stringMatching(/^warn .* network file system \(NFS\)/)])
  expect(verdict(0xef53)).toEqual([])
  expect(verdict(0x01021994, false)).toEqual([])
})

describe('culvert doctor', () => {
  it('warns of settings under which a crash loses what was acknowledged, at whatever level they are set', async () => {
    const database = await createTestDatabase()
    await database.query(
      `do $$ begin execute format('alter database %I set synchronous_commit = off', current_database()); end $$`,
    )
    const { line } = await doctor({ ...environment, DATABASE_URL: database.url })
    expect(line('Durability')).toContain('warn synchronous_commit is off (database): when the server crashes')
    await database.close()
  })

  it('tells whether a pooler is in between, and compares the clocks', async () => {
    const { line } = await doctor()
    expect(line('Pooler')).toBe('ok none')
    expect(line('Clock')).toBe("ok agrees with the database's")
    if (!hasPgBouncer()) return
    const pooler = await startPgBouncer(service.database.url)
    expect((await doctor({ ...environment, DATABASE_URL: pooler.url })).line('Pooler')).toContain('PgBouncer')
    await pooler.close()
  })

  it('finds nothing to fix where all is well, and exits with 0', async () => {
    const { code, output } = await culvert(['doctor', '-f', manifestFile({})])
    expect(output).not.toContain('FAIL')
    expect(output).toMatch(/^ok {4}Database {7}Postgres \d+\S* .*answers$/m)
    expect(output).toMatch(/^ok {4}Migrations {5}all are applied$/m)
    expect(output).toMatch(/^ok {4}Partitions {5}there are tables for today and tomorrow$/m)
    expect(output).toMatch(/^ok {4}Manifest .* fits the settings$/m)
    expect(output).toMatch(/^ok {4}PUBLIC_URL .* answers and is ready$/m)
    expect(code).toBe(0)
  })

  it('says each wrong setting in a sentence, and exits with 1', async () => {
    const { ok, line } = await doctor({ ...environment, PORT: 'http', DRAIN_WRITERS: '0' })
    expect(ok).toBe(false)
    expect(line('Settings')).toMatch(/FAIL PORT: .+\nFAIL DRAIN_WRITERS: .+\nskip /)
  })

  it('says what is wrong with the database, and prints no password', async () => {
    const missing = new URL(service.database.url)
    missing.pathname = '/nowhere'
    const f = async (url: string, expected: RegExp) => {
      const { ok, output, line } = await doctor({ ...environment, DATABASE_URL: url })
      expect(line('Database')).toMatch(expected)
      expect(output).not.toContain('database-password')
      expect(ok).toBe(false)
    }
    await f(missing.href, /^FAIL database "nowhere" does not exist$/)
    await f('postgres://user:database-password@127.0.0.1:1/x', /^FAIL connect ECONNREFUSED 127\.0\.0\.1:1$/)
  })

  it('warns of migrations that are not applied', async () => {
    const empty = await createTestDatabase({ empty: true })
    const { ok, line } = await doctor({ ...environment, DATABASE_URL: empty.url })
    expect(line('Migrations')).toMatch(/^warn not applied: 0001-resource\.sql, /)
    expect(ok).toBe(true)
    await empty.close()
  })

  it('tells a database that no service ran on from one whose days have run out', async () => {
    const database = await createTestDatabase()
    const settings = { ...environment, DATABASE_URL: database.url }
    expect((await doctor(settings)).line('Partitions')).toMatch(
      /^warn there is no table for today: log_line_7d_\d{8}/,
    )
    await database.pool.query('create table log_line_7d partition of log_line for values in (7)')
    expect((await doctor(settings)).line('Partitions')).toMatch(/^FAIL there is no table for today/)
    await database.close()
  })

  it('says what a role without privileges lacks, and that there are too few connections', async () => {
    const database = await createTestDatabase()
    const role = `reader_${new URL(database.url).pathname.slice(1)}`
    await database.pool.query(
      `create role ${role} login connection limit 2; grant select on all tables in schema public to ${role}`,
    )
    const url = new URL(database.url)
    url.username = role
    const { line } = await doctor({ ...environment, DATABASE_URL: url.href })
    expect(line('Privileges')).toMatch(/FAIL no table may be made/)
    expect(line('Privileges')).toMatch(/FAIL log_line belongs to another role/)
    expect(line('Privileges')).toMatch(/FAIL these tables may not be read and written: .*\bdelivery, drain, /)
    expect(line('Database')).toMatch(/warn -?\d+ of 2 connections are free; each process takes up to 15/)
    await database.pool.query(`drop owned by ${role}; drop role ${role}`)
    await database.close()
  })

  it('tells of deliveries that are set aside on the disk of this machine, and how old they are', async () => {
    const spool = (settings: Record<string, string>) => doctor({ ...environment, ...settings })
    expect((await spool({ SPOOL: 'off' })).line('Spool')).toMatch(/^skip it is off/)
    const SPOOL_DIRECTORY = join(directory, 'spool')
    expect((await spool({ SPOOL: 'on', SPOOL_DIRECTORY })).line('Spool')).toMatch(/^skip .* not yet$/)
    const config = loadConfig({ ...environment, SPOOL: 'on', SPOOL_DIRECTORY })
    const home = join(config.spool.directory, 'a-process')
    mkdirSync(home, { recursive: true })
    expect((await spool({ SPOOL: 'on', SPOOL_DIRECTORY })).line('Spool')).toBe('ok no delivery is set aside')
    for (const hours of [1, 30]) {
      const micros = (Date.now() - hours * 3_600_000 - 60_000) * 1000
      writeFileSync(join(home, `${micros}-${'0'.repeat(16)}.rejected`), 'x'.repeat(1_500))
    }
    const found = await spool({ SPOOL: 'on', SPOOL_DIRECTORY })
    expect(found.ok).toBe(true)
    expect(found.line('Spool')).toBe(
      'warn files set aside because the database refuses their data: 2, 3 kB, the oldest for 30 h',
    )
  })

  it('compares the manifest with the settings, without printing a secret', async () => {
    const f = async (changes: Manifest, expected: RegExp) => {
      const { output, line } = await doctor(environment, changes)
      expect(line('Manifest')).toMatch(expected)
      for (const secret of [...Object.values(SECRETS), 'of-somebody-else'])
        expect(output).not.toContain(secret)
    }
    await f({ id: 'other' }, /^FAIL its id is "other", ADDON_ID is "culvert"$/)
    await f({ password: 'of-somebody-else' }, /^FAIL api\.password is not what ADDON_PASSWORD is$/)
    await f({ sso_salt: 'of-somebody-else' }, /^FAIL api\.sso_salt is not what ADDON_SSO_SALT is$/)
    await f({ config_vars: [] }, /^FAIL api\.config_vars does not have CULVERT_URL/)
    await f({ requires: [] }, /^FAIL api\.requires does not have syslog_drain/)
    await f({ regions: ['eu'] }, /^FAIL api\.regions has neither .*M14/)
    await f(
      { test: { base_url: 'x', sso_url: 'y' } },
      /^FAIL api\.test\.base_url is x, not http.*\nFAIL .*sso_url is y/,
    )
  })

  it('accepts the previous password as such while a rotation is under way', async () => {
    const settings = {
      ...environment,
      ADDON_PASSWORD: 'the-new-one',
      ADDON_PASSWORD_PREVIOUS: SECRETS.ADDON_PASSWORD,
    }
    expect((await doctor(settings)).line('Manifest')).toBe('warn api.password is ADDON_PASSWORD_PREVIOUS')
  })

  it('does not quote a manifest that is not JSON', async () => {
    const path = join(directory, 'broken.json')
    writeFileSync(path, 'of-somebody-else')
    const { output } = await culvert(['doctor', '-f', path])
    expect(output).toMatch(/FAIL {2}Manifest .* is not JSON\n +-> /)
    expect(output).not.toContain('of-somebody-else')
  })

  it('says when an address leads to somebody else, or nowhere', async () => {
    const other = createServer((_request, response) => response.end('hello')).listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`
    expect((await doctor({ ...environment, PUBLIC_URL: at })).line('PUBLIC_URL')).toMatch(
      /^warn .* answers 200, and not as/,
    )
    other.close()
    const nowhere = await doctor({ ...environment, PUBLIC_URL: 'http://127.0.0.1:1' })
    expect(nowhere.line('PUBLIC_URL')).toMatch(/^warn http:\/\/127\.0\.0\.1:1\/healthz: \S+/)
  })

  it('in production takes nothing for granted', async () => {
    const { ok, line } = await doctor({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://127.0.0.1:1',
      ADDON_ID: 'culvert',
      SECRET_KEYS: `k1:${Buffer.alloc(32, 'k').toString('base64')}`,
      ...SECRETS,
    })
    expect(ok).toBe(false)
    expect(line('Database')).toBe('FAIL DATABASE_URL is not set')
    expect(line('Settings')).toMatch(/warn \/metrics is off/)
    expect(line('Settings')).toMatch(/warn apps attached later are refused/)
    expect(line('Manifest')).toMatch(/FAIL api\.production\.base_url is /)
    expect(line('PUBLIC_URL')).toMatch(/^FAIL /)
    expect(line('DRAIN_URL')).toMatch(/^FAIL /)
  })
})

it('knows which versions of Node it runs on', () => {
  const f = (version: string, verdict: string) => {
    const findings: Finding[] = []
    checkNode(findings, version)
    expect([version, findings[0]?.verdict]).toEqual([version, verdict])
  }
  f('18.20.0', 'FAIL')
  f('20.18.9', 'FAIL')
  f('20.19.0', 'warn')
  f('22.12.0', 'ok')
  f('23.5.0', 'FAIL')
  f('24.0.0', 'ok')
  f('26.1.0', 'ok')
})

describe('culvert', () => {
  it('teaches its commands, and exits with 2 on what it does not know', async () => {
    expect(await culvert([])).toMatchObject({ code: 0, output: expect.stringMatching(/doctor +checks/) })
    expect((await culvert(['doctor', '--help'])).output).toContain('--json')
    expect(await culvert(['dcotor'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('no command "dcotor"'),
    })
    expect(await culvert(['doctor', '--wrong'])).toMatchObject({
      code: 2,
      output: expect.stringContaining('--wrong'),
    })
  })

  it('runs from a checkout as an executable', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [LAUNCHER, '--help'])
    expect(stdout).toContain('culvert <command>')
  })
})
