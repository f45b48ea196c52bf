// The documents that are generated from the code, by their path in the repository.
import type pg from 'pg'
import { schemaOf } from './schema.ts'
import { searchPage } from './search-page.ts'
import { envExample, settingsPage } from './settings-page.ts'

export interface GeneratedDocument {
  path: string
  /** @param migrated a database with all migrations applied and nothing else in it */
  render: (migrated: pg.Pool) => string | Promise<string>
}

export const generatedDocuments: readonly GeneratedDocument[] = [
  { path: 'docs/settings.md', render: settingsPage },
  { path: '.env.example', render: envExample },
  { path: 'docs/search.md', render: searchPage },
  { path: 'migrations/schema.sql', render: schemaOf },
]
