import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS_DIRECTORY, migrate, pendingMigrations } from '../../src/database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { openPool } from '../support/pool.ts'

let database: TestDatabase
let directory: string

beforeEach(async () => {
  database = await createTestDatabase({ empty: true })
  directory = await mkdtemp(join(tmpdir(), 'culvert-migrations-'))
  await file('0001-first.sql', 'create table first (id integer)')
  await file('0002-second.sql', 'create table second (id integer); insert into second values (1)')
})

afterEach(async () => {
  await rm(directory, { recursive: true })
  await database.close()
})

describe('migrate', () => {
  it('applies what is missing, in order, and tells what it applied', async () => {
    expect(await pendingMigrations(database.pool, directory)).toEqual(['0001-first.sql', '0002-second.sql'])
    expect(await migrate(database.pool, directory)).toEqual(['0001-first.sql', '0002-second.sql'])
    expect(await migrate(database.pool, directory)).toEqual([])
    await file('0003-third.sql', 'create table third (id integer)')
    expect(await pendingMigrations(database.pool, directory)).toEqual(['0003-third.sql'])
    expect(await migrate(database.pool, directory)).toEqual(['0003-third.sql'])
    expect(await pendingMigrations(database.pool, directory)).toEqual([])
  })

  it('applies each file once when two processes start at once', async () => {
    await file('0003-slow.sql', 'create table slow (id integer); select pg_sleep(0.3)')
    const other = openPool(database.url, { applicationName: 'culvert-test-other' })
    try {
      const applied = await Promise.all([migrate(database.pool, directory), migrate(other, directory)])
      expect(applied.flat().sort()).toEqual(['0001-first.sql', '0002-second.sql', '0003-slow.sql'])
      expect((await database.pool.query('select from second')).rowCount).toBe(1)
    } finally {
      await other.end()
    }
  })

  it('gives up with a sentence when another process does not get done', async () => {
    await file('0003-slow.sql', 'select pg_sleep(1.5)')
    const slow = migrate(database.pool, directory)
    await expect
      .poll(
        async () =>
          (
            await database.pool.query(
              `select from pg_locks join pg_database as here on here.oid = database
                where locktype = 'advisory' and datname = current_database()`,
            )
          ).rowCount,
      )
      .toBe(1)
    await expect(migrate(database.pool, directory, { lockTimeoutMs: 200 })).rejects.toThrow(
      'Another process has been migrating',
    )
    await slow
  })

  it('refuses when an applied file was changed', async () => {
    await migrate(database.pool, directory)
    await file('0001-first.sql', 'create table first (id bigint)')
    await expect(migrate(database.pool, directory)).rejects.toThrow('0001-first.sql was changed after')
  })

  it('refuses when an applied file is missing', async () => {
    await migrate(database.pool, directory)
    await rm(join(directory, '0001-first.sql'))
    await expect(migrate(database.pool, directory)).rejects.toThrow('0001-first.sql was applied')
  })

  it('refuses a new file that is older than an applied one', async () => {
    await rm(join(directory, '0001-first.sql'))
    await migrate(database.pool, directory)
    await file('0001-late.sql', 'select 1')
    await expect(migrate(database.pool, directory)).rejects.toThrow('0001-late.sql is older')
  })

  it('refuses two files of one number, and a name it cannot read', async () => {
    await file('0002-twice.sql', 'select 1')
    await expect(migrate(database.pool, directory)).rejects.toThrow('number 0002')
    await rm(join(directory, '0002-twice.sql'))
    await file('03-short.sql', 'select 1')
    await expect(migrate(database.pool, directory)).rejects.toThrow('03-short.sql')
  })

  it('leaves nothing of a file that fails, and keeps the files before it', async () => {
    await file('0003-broken.sql', 'create table third (id integer); select 1 / 0')
    await expect(migrate(database.pool, directory)).rejects.toThrow(
      'Migration 0003-broken.sql failed: division by zero',
    )
    expect((await database.pool.query(`select to_regclass('third') as third`)).rows).toEqual([
      { third: null },
    ])
    expect(await pendingMigrations(database.pool, directory)).toEqual(['0003-broken.sql'])
  })
})

describe('npm run migrate', () => {
  it('applies the migrations of the package and says so', async () => {
    expect(await pendingMigrations(database.pool)).not.toEqual([])
    const first = await runCommand({ DATABASE_URL: database.url })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain('0001-resource.sql')
    expect(await pendingMigrations(database.pool, MIGRATIONS_DIRECTORY)).toEqual([])
  })

  it('fails with a sentence when the database cannot be reached', async () => {
    const { code, stderr } = await runCommand({ DATABASE_URL: 'postgres://localhost:1/nothing' })
    expect(code).toBe(1)
    expect(stderr).toContain('ECONNREFUSED')
    expect(stderr).not.toContain('    at ')
  })
})

async function file(name: string, sql: string): Promise<void> {
  await writeFile(join(directory, name), sql)
}

function runCommand(environment: Record<string, string>) {
  const command = fileURLToPath(new URL('../../src/database/migrate-command.ts', import.meta.url))
  const tsx = createRequire(import.meta.url).resolve('tsx')
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ['--import', tsx, command],
      { env: { PATH: process.env.PATH, ...environment }, timeout: 20_000 },
      (error, stdout, stderr) => resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    )
  })
}
