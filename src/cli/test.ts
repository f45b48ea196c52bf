// `culvert test`: the contract tester. Reads the arguments and the manifest; everything else is src/contract.
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { CannotRun } from '../contract/addon.ts'
import type { Area } from '../contract/area.ts'
import { AREAS } from '../contract/areas.ts'
import { exitStatus, type Reporter } from '../contract/report.ts'
import { createJsonReporter } from '../contract/reporters/json.ts'
import { createScreen } from '../contract/reporters/screen.ts'
import { createTapReporter } from '../contract/reporters/tap.ts'
import { rulesTable } from '../contract/rules-table.ts'
import { runContract } from '../contract/run.ts'
import type { Command, CommandContext } from './run.ts'

const MANIFEST = 'addon-manifest.json'

export const test: Command = {
  name: 'test',
  summary: 'tests any add-on against what Heroku demands of it',
  help: `culvert test <area> [-f <manifest>] [options]

Plays Heroku against a running add-on, yours or anybody's, and says what Heroku would have done. It knows the add-on
by its manifest only and speaks HTTP to the addresses there: api.test, or api.production with --production. What it
provisions it deprovisions.

Areas:
${AREAS.map(({ name, title, rules }) => `  ${name.padEnd(12)} ${title}, ${rules.length} rules\n`).join('')}  all          all of these
  rules        tests nothing; prints the table of all rules

  -f, --file <manifest>   Default: ${MANIFEST}
  --production            test the production addresses
  --plan <slug>           the plan to provision, "test" without; given twice, the second is the one to change to
  --nav-header            also demand the header that Heroku deprecated in 2019 and kensa asks for
  --id-port, --api-port   where our own id server and Platform API listen, on 127.0.0.1; any free port without
  --client-secret <text>  what the add-on must show to have its grant exchanged; anything will do without
  --deliver-to <origin>   where to connect for logs and webhooks, in place of the public address that the add-on
                          names. Without: where base_url is, if that is http
  --json, --tap           for a program, in place of the screen

An add-on that exchanges its grant, or that answers 202, calls Heroku in its turn. Start it with the addresses of our
servers in place of Heroku's, and give the ports here:

  HEROKU_ID_URL=http://127.0.0.1:5010 HEROKU_API_URL=http://127.0.0.1:5011 npm start
  culvert test all --plan test --plan premium --id-port 5010 --api-port 5011

Exit status: 0 nothing is broken; 1 a rule is; 2 it could not be tested, or not all of it. Warnings, and rules that do
not apply, change nothing.
`,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        file: { type: 'string', short: 'f', default: MANIFEST },
        production: { type: 'boolean', default: false },
        plan: { type: 'string', multiple: true, default: ['test'] },
        'nav-header': { type: 'boolean', default: false },
        'id-port': { type: 'string' },
        'api-port': { type: 'string' },
        'client-secret': { type: 'string' },
        'deliver-to': { type: 'string' },
        json: { type: 'boolean', default: false },
        tap: { type: 'boolean', default: false },
      },
    })
    const [name, ...rest] = positionals
    if (name === 'rules') {
      context.write(rulesTable(AREAS))
      return 0
    }
    const areas = name === 'all' ? AREAS : AREAS.filter((area) => area.name === name)
    if (areas.length === 0 || rest.length > 0) return explain(context, name)
    try {
      const manifest = readManifest(values.file)
      const format = values.json ? 'json' : values.tap ? 'tap' : 'screen'
      const report = await runContract(
        {
          manifest,
          areas,
          production: values.production,
          plans: values.plan,
          navHeader: values['nav-header'],
          idPort: readPort(values['id-port'], '--id-port'),
          apiPort: readPort(values['api-port'], '--api-port'),
          clientSecret: values['client-secret'],
          deliverTo: values['deliver-to'],
        },
        reporterFor(format, context, secretsOf(manifest.data, values['client-secret'])),
      )
      return exitStatus(report)
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error
      context.writeError(`${error.message}\n`)
      return 2
    }
  },
}

function reporterFor(
  format: 'json' | 'tap' | 'screen',
  { write, isTerminal, environment }: CommandContext,
  secrets: readonly string[],
): Reporter {
  if (format === 'json') return createJsonReporter(write, secrets)
  if (format === 'tap') return createTapReporter(write, secrets)
  // https://no-color.org
  const color = isTerminal === true && !environment.NO_COLOR
  return createScreen(write, { color, secrets })
}

function explain({ writeError }: CommandContext, name: string | undefined): number {
  const names = [...AREAS.map((area: Area) => area.name), 'all', 'rules'].join(', ')
  writeError(
    name === undefined
      ? `Say what to test: ${names}. culvert test --help\n`
      : `There is nothing to test by the name "${name}", or too much was said. ${names}: culvert test --help\n`,
  )
  return 2
}

/** @throws CannotRun, without the parser's words: they quote the file, and the file holds secrets */
function readManifest(path: string): { path: string; data: unknown } {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw new CannotRun(`There is no ${path} to read. culvert test <area> -f <your manifest>`)
  }
  try {
    return { path, data: JSON.parse(text) }
  } catch {
    throw new CannotRun(`${path} is not JSON.`)
  }
}

function readPort(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new CannotRun(`${name} must be a port, 0 to 65535, not "${text}".`)
  return port
}

function secretsOf(data: unknown, clientSecret: string | undefined): string[] {
  const { password, sso_salt: salt } =
    (data as { api?: { password?: unknown; sso_salt?: unknown } } | null)?.api ?? {}
  return [password, salt, clientSecret].filter((one): one is string => typeof one === 'string' && one !== '')
}
