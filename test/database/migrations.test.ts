// The rules of migrations/README.md, for every file in that directory.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { MIGRATIONS_DIRECTORY } from '../../src/database/migrate.ts'

const CONTRACTS =
  /\bdrop\s+(table|column|view|type|constraint)\b|\brename\b|\bset\s+not\s+null\b|\balter\s+column\s+\S+\s+(set\s+data\s+)?type\b/i

const MARK = /^-- contract: unused since \d{4}\n/

/** What is wrong with a migration, if anything. */
function breaksRollback(sql: string): boolean {
  const statements = sql.replaceAll(/--.*$/gm, '')
  return CONTRACTS.test(statements) && !MARK.test(sql)
}

it('takes a migration that breaks the release before it only when it says so', () => {
  expect(breaksRollback('alter table drain drop column url;')).toBe(true)
  expect(breaksRollback('alter table drain rename column url to address;')).toBe(true)
  expect(breaksRollback('alter table drain alter column url set not null;')).toBe(true)
  expect(breaksRollback('alter table drain alter column id type bigint;')).toBe(true)
  expect(breaksRollback('-- contract: unused since 0023\nalter table drain drop column url;')).toBe(false)
  expect(breaksRollback('-- We drop column names here.\nalter table drain add column url text;')).toBe(false)
})

it('every migration suits the release before it', () => {
  const files = readdirSync(MIGRATIONS_DIRECTORY).filter((name) => /^\d{4}-/.test(name))
  expect(files.length).toBeGreaterThan(0)
  const broken = files.filter((name) =>
    breaksRollback(readFileSync(join(MIGRATIONS_DIRECTORY, name), 'utf8')),
  )
  expect(broken).toEqual([])
})
