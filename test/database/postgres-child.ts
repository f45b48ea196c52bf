// Run as a process by the tests of the embedded Postgres: starts one, tells its url on stdout, and lives until it is
// killed. Its settings come as JSON on the first line of stdin; a second line tells it how to end.
import { createInterface } from 'node:readline'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { DEFAULT_PLACES, npmPlace } from '../../src/database/postgres-binaries.ts'

export interface ChildSettings {
  dataDirectory: string
  /** Only the npm package at this place, with its copy below the other. */
  npm?: { nativeDirectory: string; temporaryDirectory: string }
  /** Give root up first, as an ordinary user would be. */
  userId?: number
}

export interface ChildAnswer {
  url: string
  directory: string
  said: string[]
}

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'throw') setTimeout(() => Promise.reject(new Error('uncaught')), 0)
  else if (line === 'exit') process.exit(3)
  else await run(JSON.parse(line) as ChildSettings)
}

async function run(settings: ChildSettings): Promise<void> {
  if (settings.userId !== undefined) {
    process.setgroups?.([])
    process.setgid?.(settings.userId)
    process.setuid?.(settings.userId)
  }
  // The terminal's Ctrl-C: a service would flush now, and need its database for that.
  process.on('SIGINT', () => {})
  const said: string[] = []
  const { url, directory } = await startEmbeddedPostgres({
    dataDirectory: settings.dataDirectory,
    durable: false,
    places: settings.npm
      ? [npmPlace(settings.npm.nativeDirectory, [settings.npm.temporaryDirectory])]
      : DEFAULT_PLACES,
    log: (sentence) => said.push(sentence),
  })
  process.stdout.write(`${JSON.stringify({ url, directory, said } satisfies ChildAnswer)}\n`)
}
