// The command line: finds the command, answers --help, turns errors into exit codes. Each command is a file of its own.
import type { Command, CommandContext } from './command.ts'
import { manifest } from './manifest.ts'
import { runAddon } from './run-addon.ts'
import { test } from './test.ts'

const COMMANDS: readonly Command[] = [test, runAddon, manifest]
const PROGRAM = 'heroku-addon-contract'

/** Resolves with the exit code. `program` defaults to the name of this package's command. */
export async function runCli(
  args: readonly string[],
  given: Omit<CommandContext, 'program'> & { program?: string },
): Promise<number> {
  const context = { ...given, program: given.program ?? PROGRAM }
  const { program } = context
  const [name, ...rest] = args
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    context.write(help(program))
    return 0
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    context.writeError(`There is no command "${name}". See: ${program} --help\n`)
    return 2
  }
  // Arguments after -- belong to the command that `run` starts.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (own.includes('--help') || own.includes('-h')) {
    context.write(command.help(program))
    return 0
  }
  try {
    return await command.run(rest, context)
  } catch (error) {
    // The message of parseArgs says what it did not understand.
    if (!(error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) throw error
    context.writeError(`${(error as Error).message}\nSee: ${program} ${name} --help\n`)
    return 2
  }
}

function help(program: string): string {
  return `${program}: tools for building a Heroku add-on

  ${program} <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}\n`).join('')}
${program} <command> --help describes a command.
`
}
