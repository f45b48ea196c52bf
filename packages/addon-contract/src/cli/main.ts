#!/usr/bin/env node
// Entry file of the command `heroku-addon-contract`.
import { runCli } from './run.ts'

// A reader that closes the pipe early, as head does, is not a failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

process.exitCode = await runCli(process.argv.slice(2), {
  environment: process.env,
  isTerminal: process.stdout.isTTY === true,
  write: (text) => process.stdout.write(text),
  writeError: (text) => process.stderr.write(text),
})
