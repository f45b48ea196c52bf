import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { generatedDocuments } from '../../scripts/docs/generated.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

let migrated: TestDatabase
beforeAll(async () => {
  migrated = await createTestDatabase()
})
afterAll(() => migrated.close())

it.each(generatedDocuments)('$path is up to date; `npm run docs` writes it', async ({ path, render }) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(await render(migrated.pool))
})

it('the schema shows a column that was added', async () => {
  const schema = generatedDocuments.find(({ path }) => path === 'migrations/schema.sql')
  const before = await schema?.render(migrated.pool)
  await migrated.query('alter table session add column unexpected integer not null default 7')
  expect(await schema?.render(migrated.pool)).toBe(
    before?.replace(
      /(create table session \((?:\n {2}(?!constraint).*)+)/,
      '$1\n  unexpected integer not null default 7,',
    ),
  )
  await migrated.query('alter table session drop column unexpected')
})
