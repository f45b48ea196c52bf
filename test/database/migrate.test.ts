import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MIGRATIONS_DIRECTORY, migrate, readSchema, schemaProblem } from '../../src/database/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { runMigrateCommand } from '../support/migrate-command.ts'
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
    expect(await pending()).toEqual(['0001-first.sql', '0002-second.sql'])
    expect(await migrate(database.pool, directory)).toEqual(['0001-first.sql', '0002-second.sql'])
    expect(await migrate(database.pool, directory)).toEqual([])
    await file('0003-third.sql', 'create table third (id integer)')
    expect(await pending()).toEqual(['0003-third.sql'])
    expect(await migrate(database.pool, directory)).toEqual(['0003-third.sql'])
    expect(await pending()).toEqual([])
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
    await migrate(database.pool, directory)
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

  it('leaves alone what a newer release has applied, so that a rollback works', async () => {
    await file('0003-newer.sql', 'alter table first add column note text')
    await migrate(database.pool, directory)
    await rm(join(directory, '0003-newer.sql'))
    expect(await migrate(database.pool, directory)).toEqual([])
    const schema = await readSchema(database.pool, directory)
    expect(schema).toEqual({ pending: [], newer: ['0003-newer.sql'], conflict: null })
    expect(schemaProblem(schema)).toBeNull()
  })

  it('refuses a changed file of its own in a database that is ahead', async () => {
    await file('0003-newer.sql', 'select 1')
    await migrate(database.pool, directory)
    await rm(join(directory, '0003-newer.sql'))
    await file('0002-second.sql', 'select 2')
    await expect(migrate(database.pool, directory)).rejects.toThrow('0002-second.sql was changed after')
    expect(schemaProblem(await readSchema(database.pool, directory))).toContain('0002-second.sql was changed')
  })

  it('refuses when a newer release has applied a file that this one has under another name', async () => {
    await file('0003-one-branch.sql', 'select 1')
    await migrate(database.pool, directory)
    await rm(join(directory, '0003-one-branch.sql'))
    await file('0003-other-branch.sql', 'select 1')
    await expect(migrate(database.pool, directory)).rejects.toThrow('0003-one-branch.sql was applied')
  })

  it('lets readers pass while a table that it needs is in use, and applies the file afterwards', async () => {
    await migrate(database.pool, directory)
    await file('0003-third.sql', 'alter table first add column note text')
    const holder = await hold('first')
    const migrating = migrate(database.pool, directory)
    for (let tries = 0; tries < 2; tries++) {
      await expect.poll(() => isWaiting('alter table first'), { interval: 5 }).toBe(true)
      // Queued after the migration: fails where that waits for as long as the table is in use.
      await database.pool.query(`begin; set local lock_timeout = '5s'; select from first; commit`)
    }
    await holder.release()
    expect(await migrating).toEqual(['0003-third.sql'])
  })

  it('gives up with a sentence when a table that it needs stays in use', async () => {
    await migrate(database.pool, directory)
    await file('0003-third.sql', 'alter table first add column note text')
    const holder = await hold('first')
    await expect(migrate(database.pool, directory, { tableLocksTimeoutMs: 1 })).rejects.toThrow(
      'Migration 0003-third.sql needs a table that is in use',
    )
    await holder.release()
    expect(await pending()).toEqual(['0003-third.sql'])
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
    expect(await pending()).toEqual(['0003-broken.sql'])
  })
})

describe('npm run migrate', () => {
  it('applies the migrations of the package and says so', async () => {
    expect(await pending(MIGRATIONS_DIRECTORY)).not.toEqual([])
    const first = await runMigrateCommand({ DATABASE_URL: database.url })
    expect(first).toMatchObject({ code: 0, stderr: '' })
    expect(first.stdout).toContain('0001-resource.sql')
    expect(await pending(MIGRATIONS_DIRECTORY)).toEqual([])
  })

  it('fails with a sentence when the database cannot be reached', async () => {
    const { code, stderr } = await runMigrateCommand({ DATABASE_URL: 'postgres://localhost:1/nothing' })
    expect(code).toBe(1)
    expect(stderr).toContain('ECONNREFUSED')
    expect(stderr).not.toContain('    at ')
  })
})

/** Holds a table as a pg_dump does: open for readers and writers, closed to whatever would change it. */
async function hold(table: string): Promise<{ release(): Promise<void> }> {
  const client = await database.pool.connect()
  await client.query(`begin; lock table ${table} in access share mode`)
  return {
    async release() {
      await client.query('rollback')
      client.release()
    },
  }
}

async function isWaiting(statement: string): Promise<boolean> {
  const { rowCount } = await database.pool.query(
    `select from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and starts_with(query, $1)`,
    [statement],
  )
  return (rowCount ?? 0) > 0
}

async function pending(of = directory): Promise<string[]> {
  return (await readSchema(database.pool, of)).pending
}

async function file(name: string, sql: string): Promise<void> {
  await writeFile(join(directory, name), sql)
}
