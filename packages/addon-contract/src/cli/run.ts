// The command line: which command, its help, its exit code. Each command is a file of its own.
import type { Command, CommandContext } from './command.ts'
import { manifest } from './manifest.ts'
import { runAddon } from './run-addon.ts'
import { test } from './test.ts'

const COMMANDS: readonly Command[] = [test, runAddon, manifest]

const HELP = `heroku-addon-contract: tools for building an add-on for Heroku

  heroku-addon-contract <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  heroku-addon-contract <command> --help tells more of one.
`

/** Resolves with the exit code. */
export async function runCli(args: readonly string[], context: CommandContext): Promise<number> {
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    context.write(HELP)
    return 0
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    context.writeError(`There is no command "${name}". ${COMMANDS.map((one) => one.name).join(', ')}\n`)
    return 2
  }
  // What follows a -- belongs to the command that is run.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help') || own.includes('-h')) {
    context.write(command.help)
    return 0
  }
  try {
    return await command.run(rest, context)
  } catch (error) {
    // parseArgs says in a sentence what it did not understand.
    if (!(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error
    context.writeError(`${(error as Error).message}\nculvert ${name} --help\n`)
    return 2
  }
}
