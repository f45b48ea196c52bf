// The documents that are generated from the code, by their path in the repository.
import { envExample, settingsPage } from './settings-page.ts'

export interface GeneratedDocument {
  path: string
  render: () => string | Promise<string>
}

export const generatedDocuments: readonly GeneratedDocument[] = [
  { path: 'docs/settings.md', render: settingsPage },
  { path: '.env.example', render: envExample },
]
