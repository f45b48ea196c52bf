// One throw-away Postgres cluster serves the whole run (test/support/global-setup.ts); every test file
// clones its own database from a migrated template, so that files may run side by side.

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './test/support/tally-reporter.ts'
import { unitTests } from './test/support/unit-tests.ts'

const UNIT = unitTests(fileURLToPath(new URL('./test', import.meta.url))).map((name) => `test/${name}`)

/** What is run over both stores: where lines go in, come out, and what may go wrong in between. */
const OVER_BOTH = [
  'test/faults/*.test.ts',
  'test/access/session.test.ts',
  'test/page/{lines,page,usage}.test.ts',
  'test/api/**/*.test.ts',
  'test/alerts/{alerts,service}.test.ts',
  'test/endpoints/{sender,streaming}.test.ts',
  'test/logs/{line-feeds,walk-lines}.test.ts',
]

export default defineConfig({
  // The sources of the packages, by the paths of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    reporters: [process.env.CI ? 'dot' : 'default', new TallyReporter()],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // What is waited for comes at once, unless others keep the machine busy.
    expect: { poll: { timeout: 10_000 } },
    // Where others share the machine, a test that fails is tried once more; the tally names it, so that nothing that
    // fails now and then stays unseen. At one's own desk it fails at once.
    retry: process.env.CI ? 1 : 0,
    // Two cores are the machine we promise to be quick on; more workers only wait for each other.
    maxWorkers: 2,
    projects: [
      'packages/*/vitest.config.ts',
      { extends: true, test: { name: 'unit', include: UNIT } },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/**/*.test.ts'],
          exclude: UNIT,
          globalSetup: ['test/support/global-setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'clickhouse',
          include: OVER_BOTH,
          // Without lines, Postgres needs hours to fill a disk.
          exclude: ['test/faults/database-disk-full.test.ts'],
          env: { TEST_STORE: 'clickhouse' },
          globalSetup: ['test/support/global-setup.ts', 'test/support/clickhouse-setup.ts'],
        },
      },
    ],
  },
})
