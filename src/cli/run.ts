// The command line: which command, its help, its exit code. Each command is a file of its own.
import { readBuild } from '../config/build.ts'
import { ConfigError } from '../config.ts'
import { errorText, placesOf } from '../error-text.ts'
import { handedOver } from './addon-contract.ts'
import type { Command, CommandContext } from './command.ts'
import { doctor } from './doctor.ts'
import { drains } from './drains.ts'
import { logs } from './logs.ts'
import { reconcile } from './reconcile.ts'
import { store } from './store.ts'
import { CommandError } from './with-database.ts'

const COMMANDS: readonly Command[] = [
  doctor,
  logs,
  drains,
  reconcile,
  handedOver('manifest', 'writes an add-on manifest, validates one, compares it with the pushed one'),
  store,
  handedOver('run', 'runs a command with the config vars of an add-on, on a resource made for it'),
  handedOver('test', 'tests any add-on against what Heroku demands of it'),
]

const HELP = `culvert: tools for operators of Culvert and for partners who build add-ons for Heroku

  culvert <command> [options]

${COMMANDS.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}`).join('\n')}

  culvert <command> --help   its options
  culvert --version          version and, if known, commit

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
  if (name === '--version' || name === '-v') {
    const { version, commit } = readBuild(context.environment)
    context.write(`culvert ${version}${commit === null ? '' : ` (${commit})`}\n`)
    return 0
  }
  const command = COMMANDS.find((one) => one.name === name)
  if (command === undefined) {
    context.writeError(
      `There is no command "${name}". ${COMMANDS.map((one) => one.name).join(', ')}: culvert --help\n`,
    )
    return 2
  }
  // Arguments after -- belong to another program.
  const own = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest
  if (command.help !== undefined && (own.includes('--help') || own.includes('-h'))) {
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
    if ((error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS')) {
      context.writeError(`${(error as Error).message}\nculvert ${name} --help\n`)
      return 2
    }
    const places = error instanceof Error ? placesOf(error) : undefined
    context.writeError(
      `culvert ${name} failed: ${errorText(error)}\n${places === undefined ? '' : `${places}\n`}`,
    )
    return 2
  }
}
