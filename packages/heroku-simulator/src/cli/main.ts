#!/usr/bin/env node
// Entry file of the command `heroku-simulator`.
import { runCli } from './run.ts'

const interrupted = new AbortController()
// Once: the first signal deprovisions the resource, a second one ends the process at once.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort())

process.exitCode = await runCli(process.argv.slice(2), {
  interrupted: interrupted.signal,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
