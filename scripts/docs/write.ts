// `npm run docs`: writes every document that is generated from the code. test/documents checks that they are up to date.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { migrate } from '../../src/database/migrate.ts'
import { createPool } from '../../src/database/pool.ts'
import { generatedDocuments } from './generated.ts'

const dataDirectory = mkdtempSync(join(tmpdir(), 'culvert-docs-'))
const postgres = await startEmbeddedPostgres({ dataDirectory, durable: false })
const pool = createPool({
  url: postgres.url,
  tls: 'off',
  connections: 1,
  applicationName: 'culvert-docs',
  onError: () => {},
})
try {
  await migrate(pool)
  for (const { path, render } of generatedDocuments) {
    writeFileSync(new URL(`../../${path}`, import.meta.url), await render(pool))
    process.stdout.write(`${path}\n`)
  }
} finally {
  await pool.end()
  await postgres.stop()
  rmSync(dataDirectory, { recursive: true, force: true })
}
