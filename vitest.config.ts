// One throw-away Postgres cluster serves the whole run (test/support/global-setup.ts); every test file
// clones its own database from a migrated template, so that files may run side by side.
import { defineConfig } from 'vitest/config'
import { TallyReporter } from './test/support/tally-reporter.ts'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/global-setup.ts'],
    reporters: [process.env.CI ? 'dot' : 'default', new TallyReporter()],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    // Two cores are the machine we promise to be quick on; more workers only wait for each other.
    maxWorkers: 2,
  },
})
