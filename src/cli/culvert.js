#!/usr/bin/env node
// The command `culvert`: the TypeScript where tsx is installed, which is in a checkout, and the built JavaScript
// elsewhere. In this order, because a checkout may also hold a build of some other day.
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const source = new URL('./main.ts', import.meta.url)
const built = new URL('../../dist/cli/main.js', import.meta.url)

const tsx = existsSync(source) ? await import('tsx/esm/api').catch(() => undefined) : undefined
if (tsx) {
  // Its paths lead to the sources of the packages.
  tsx.register({ tsconfig: fileURLToPath(new URL('../../tsconfig.json', import.meta.url)) })
  await import(source.href)
} else if (existsSync(built)) {
  await import(built.href)
} else {
  process.stderr.write(`Nothing to run at ${fileURLToPath(built)}: npm ci && npm run build\n`)
  process.exitCode = 1
}
