import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The other packages' sources, by the paths of tsconfig.json.
  resolve: { tsconfigPaths: true },
  test: {
    name: 'heroku-simulator',
    include: ['test/**/*.test.ts'],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    expect: { poll: { timeout: 10_000 } },
  },
})
