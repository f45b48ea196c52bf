// `culvert test`: the contract tester. Reads the arguments and the manifest.
import { parseArgs } from 'node:util'
import { CannotRun } from '../addon.ts'
import type { Area } from '../area.ts'
import { AREAS } from '../areas.ts'
import { isInLegacyAll, legacyAreas } from '../legacy/areas.ts'
import { MANIFEST_FILE, secretsOf, viewManifest } from '../manifest/view.ts'
import { exitStatus } from '../report.ts'
import { rulesTable } from '../rules-table.ts'
import { runContract } from '../run.ts'
import { chooseReporter } from './choose-reporter.ts'
import type { Command, CommandContext } from './command.ts'
import { readManifest } from './manifest/read.ts'
import { readOrigin, readPort, readSeconds } from './read-options.ts'

const LEGACY = legacyAreas(false)
  .map(({ name }) => name)
  .join(', ')

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

  -f, --file <manifest>   Default: ${MANIFEST_FILE}
  --production            test the production addresses
  --plan <slug>           the plan to provision, "test" without; given twice, the second is the one to change to
  --nav-header            also demand the header that Heroku deprecated in 2019 and kensa asks for
  --id-port, --api-port   where our own id server and Platform API listen, on 127.0.0.1; any free port without
  --client-secret <text>  what the add-on must show to have its grant exchanged; anything will do without
  --deliver-to <origin>   where to connect for logs and webhooks, in place of the public address that the add-on
                          names. Without: where base_url is, if that is http
  --wait <seconds>        how long an add-on that answers 202 may take until it is done, 30 without
  --legacy                send kensa's requests of before version 3, and judge by its rules, to the letter: ${LEGACY} only.
                          all is without sso, as kensa's is
  --async                 with --legacy: the add-on sends what it made to the callback_url
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
        file: { type: 'string', short: 'f', default: MANIFEST_FILE },
        production: { type: 'boolean', default: false },
        plan: { type: 'string', multiple: true, default: ['test'] },
        'nav-header': { type: 'boolean', default: false },
        'id-port': { type: 'string' },
        'api-port': { type: 'string' },
        'client-secret': { type: 'string' },
        'deliver-to': { type: 'string' },
        wait: { type: 'string', default: '30' },
        legacy: { type: 'boolean', default: false },
        async: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        tap: { type: 'boolean', default: false },
      },
    })
    const [name, ...rest] = positionals
    if (name === 'rules') {
      context.write(rulesTable(AREAS))
      return 0
    }
    const { legacy } = values
    const known = legacy ? legacyAreas(values.async) : AREAS
    const areas =
      name === 'all'
        ? known.filter((area) => !legacy || isInLegacyAll(area))
        : known.filter((area) => area.name === name)
    if (areas.length === 0 || rest.length > 0) return explain(context, name, known)
    const interrupted = new AbortController()
    const interrupt = () => interrupted.abort()
    // Once: what was provisioned is removed first. A second one ends the process as ever.
    process.once('SIGINT', interrupt)
    try {
      const manifest = readManifest(values.file)
      const { json, tap, 'client-secret': clientSecret } = values
      const secrets = [...secretsOf(viewManifest(manifest.data)), ...(clientSecret ? [clientSecret] : [])]
      const report = await runContract(
        {
          manifest,
          areas,
          production: values.production,
          plans: values.plan,
          navHeader: values['nav-header'],
          idPort: readPort(values['id-port'], '--id-port'),
          apiPort: readPort(values['api-port'], '--api-port'),
          clientSecret,
          deliverTo: readOrigin(values['deliver-to']),
          signal: interrupted.signal,
          limits: { finishMs: readSeconds(values.wait) * 1_000 },
        },
        chooseReporter({ json, tap, secrets }, context),
      )
      return exitStatus(report)
    } catch (error) {
      if (!(error instanceof CannotRun)) throw error
      context.writeError(`${error.message}\n`)
      return 2
    } finally {
      process.removeListener('SIGINT', interrupt)
    }
  },
}

function explain({ writeError }: CommandContext, name: string | undefined, known: readonly Area[]): number {
  const names = [...known.map((area) => area.name), 'all', 'rules'].join(', ')
  writeError(
    name === undefined
      ? `Say what to test: ${names}. culvert test --help\n`
      : `There is nothing to test by the name "${name}", or too much was said. ${names}: culvert test --help\n`,
  )
  return 2
}
