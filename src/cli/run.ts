// The command line: which command, its help, its exit code. Each command is a file of its own.
import { ConfigError } from '../config.ts'
import { doctor } from './doctor.ts'
import { drains } from './drains.ts'
import { logs } from './logs.ts'
import { manifest } from './manifest.ts'
import { reconcile } from './reconcile.ts'
import { runAddon } from './run-addon.ts'
import { store } from './store.ts'
import { test } from './test.ts'
import { CommandError } from './with-database.ts'

export interface CommandContext {
  /** The process's, read by the entry file. */
  environment: Record<string, string | undefined>
  /** Whether somebody watches what is written. Not, where it is left out. */
  isTerminal?: boolean
  write(text: string): void
  writeError(text: string): void
}

export interface Command {
  name: string
  summary: string
  /** All of it, for `culvert <name> --help`. */
  help: string
  /** Resolves with the exit code. @throws UsageError */
  run(args: string[], context: CommandContext): Promise<number>
}

const COMMANDS: readonly Command[] = [doctor, logs, drains, reconcile, manifest, store, runAddon, test]

const HELP = `culvert: the tools of whoever runs a Culvert, and of whoever builds an add-on for Heroku

  culvert <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  culvert <command> --help tells more of one.

Settings are environment variables, the same as the service's (docs/settings.md). To look at a production
service, run the command where its settings are:

  heroku run npx culvert doctor -a your-app
  docker run --env-file culvert.env culvert node src/cli/culvert.js doctor
`

export async function runCli(args: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    context.write(HELP)
    return 0
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    context.writeError(
      `There is no command "${name}". ${COMMANDS.map((one) => one.name).join(', ')}: culvert --help\n`,
    )
    return 2
  }
  // What stands behind a -- is somebody else's.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help') || own.includes('-h')) {
    context.write(command.help)
    return 0
  }
  try {
    return await command.run(rest, context)
  } catch (error) {
    if (error instanceof ConfigError || error instanceof CommandError) {
      context.writeError(`${error.message}\n`)
      return 2
    }
    // parseArgs says in a sentence what it did not understand.
    if (!(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error
    context.writeError(`${(error as Error).message}\nculvert ${name} --help\n`)
    return 2
  }
}
