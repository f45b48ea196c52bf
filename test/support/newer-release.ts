// The migrations of a release after this one: ours, and one that adds to the tables that are used most.
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MIGRATIONS_DIRECTORY } from '../../src/database/migrate.ts'

const EXPANDS = `
  create table of_newer_release (id integer primary key);
  alter table resource add column of_newer_release text;
  alter table drain add column of_newer_release integer not null default 0;
  alter table delivery add column of_newer_release integer not null default 0;
  alter table usage add column of_newer_release bigint not null default 0;
  alter table session add column of_newer_release text;
  alter table log_line add column of_newer_release text not null default '';
`

export interface NewerRelease {
  directory: string
  /** The name of its migration. */
  migration: string
  remove(): Promise<void>
}

export async function newerRelease(): Promise<NewerRelease> {
  const directory = await mkdtemp(join(tmpdir(), 'culvert-newer-'))
  await cp(MIGRATIONS_DIRECTORY, directory, { recursive: true })
  const newest =
    (await readdir(directory))
      .filter((name) => /^\d{4}-/.test(name))
      .sort()
      .at(-1) ?? ''
  const number = String(Number(newest.slice(0, 4)) + 1).padStart(4, '0')
  const migration = `${number}-of-newer-release.sql`
  await writeFile(join(directory, migration), EXPANDS)
  return { directory, migration, remove: () => rm(directory, { recursive: true, force: true }) }
}
