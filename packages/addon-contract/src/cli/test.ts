// The command `test`: reads arguments and manifest, runs the areas, reports.
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
  help: (program) => `${program} test <area> [-f <manifest>] [options]

Plays Heroku against a running add-on and reports what Heroku would have done. It knows the add-on by its manifest
only and speaks HTTP to the addresses in it: api.test, or api.production with --production. It deprovisions what it
provisioned.

Areas:
${AREAS.map(({ name, title, rules }) => `  ${name.padEnd(12)} ${title}, ${rules.length} rules\n`).join('')}  all          all of these
  rules        prints the table of all rules and tests nothing

  -f, --file <manifest>   Default: ${MANIFEST_FILE}
  --production            test the production addresses
  --plan <slug>           the plan to provision. Default: test. Given twice, the second is the plan to change to
  --nav-header            also demand the header that Heroku deprecated in 2019 and kensa requires
  --id-port, --api-port   ports of the simulated id server and Platform API, on 127.0.0.1. Default: any free port
  --client-secret <text>  the client secret that the add-on must send to exchange its grant. Default: any
  --deliver-to <origin>   connect here for logs and webhooks instead of the public address that the add-on names.
                          Default: the origin of base_url, if that is http
  --wait <seconds>        how long an add-on that answers 202 may take to complete. Default: 30
  --legacy                send kensa's requests, of before version 3, and judge by its rules: ${LEGACY} only.
                          all leaves out sso, as in kensa
  --async                 with --legacy: the add-on sends its result to the callback_url
  --json, --tap           output for programs

An add-on that exchanges its grant or answers 202 calls Heroku. Start it with the addresses of the simulated servers,
and give their ports here:

  HEROKU_ID_URL=http://127.0.0.1:5010 HEROKU_API_URL=http://127.0.0.1:5011 npm start
  ${program} test all --plan test --plan premium --id-port 5010 --api-port 5011

Exit status: 0 no rule is broken; 1 a rule is broken; 2 nothing, or not everything, could be tested. Warnings and
rules that do not apply do not change it.
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
    // Once: the first removes what was provisioned, a second one ends the process at once.
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

function explain(
  { program, writeError }: CommandContext,
  name: string | undefined,
  known: readonly Area[],
): number {
  const names = [...known.map((area) => area.name), 'all', 'rules'].join(', ')
  writeError(
    name === undefined
      ? `Name an area: ${names}. See: ${program} test --help\n`
      : `Give one of these areas: ${names}. "${name}" is not one, or there are more arguments. See: ${program} test --help\n`,
  )
  return 2
}
