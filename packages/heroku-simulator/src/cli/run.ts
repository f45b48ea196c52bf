// The command line: provisions a resource on a running add-on and drains logs into it until it is interrupted.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { SimLine } from '../frame-encoder.ts'
import type { SettledFrame } from '../logplex-drain.ts'
import { HerokuRefusal } from '../partner-answer.ts'
import type { AddonManifest } from '../partner-calls.ts'
import { CUSTOMER_KEY } from '../platform/customer.ts'
import { ManifestError, readManifest } from '../read-manifest.ts'
import { openSimulation, type SimulatedResource, type Simulation } from '../simulation.ts'

export interface CliContext {
  /** Ends the run; the resource is deprovisioned. */
  interrupted: AbortSignal
  write(text: string): void
  writeError(text: string): void
}

const MANIFEST = 'addon-manifest.json'
const CLIENT_SECRET = 'the-client-secret-of-the-simulator'
/** More complaints about deliveries than this are only counted. */
const MAX_COMPLAINTS = 5

const HELP = `heroku-simulator [-f <manifest>] [options]

Plays Heroku for a log add-on that runs on this machine: provisions a resource, drains lifelike log lines into it, serves
the parts of id.heroku.com and api.heroku.com that a log add-on calls, and prints a link that signs in. Ctrl-C
deprovisions the resource. It knows the add-on by its manifest only, and calls the addresses at api.test.

  -f, --file <manifest>      Default: ${MANIFEST}
  --plan <slug>              the plan to provision. Default: test
  --lines-per-second <n>     on average, with bursts, crashes and deploys. Default: 20
  --attach                   attach the resource to a second app, without a call to the add-on
  --deliver-to <origin>      connect here for logs instead of the public address that the add-on names.
                             Default: the origin of base_url, if that is http
  --api-port <port>          where id.heroku.com and api.heroku.com are simulated, on 127.0.0.1.
                             Default: any free port
  --client-secret <text>     what the add-on must send to exchange its grant. Default: ${CLIENT_SECRET}

Exit status: 0 after an interrupt; 1 Heroku would have refused an answer of the add-on, or the resource could not be
deprovisioned; 2 nothing could be started.
`

/** Resolves with the exit status. */
export async function runCli(args: readonly string[], context: CliContext): Promise<number> {
  const { write, writeError } = context
  let options: Options
  try {
    const read = readOptions(args)
    if (read === null) {
      write(HELP)
      return 0
    }
    options = read
  } catch (error) {
    writeError(`${(error as Error).message}\nSee: heroku-simulator --help\n`)
    return 2
  }
  let simulation: Simulation
  try {
    simulation = await openSimulation(options)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    writeError(`Port ${options.apiPort} is in use: give another with --api-port.\n`)
    return 2
  }
  try {
    return await simulate(simulation, options, context)
  } finally {
    await simulation.close()
  }
}

async function simulate(simulation: Simulation, options: Options, context: CliContext): Promise<number> {
  const { interrupted, write, writeError } = context
  const { addon, shape, deliverTo } = options
  const tally = countDeliveries(writeError)
  let status = 0
  try {
    const begun = await simulation.start(addon, shape, {
      ...(deliverTo !== undefined && { deliverTo }),
      onSettled: tally.settled,
    })
    if (begun !== null) {
      write(startText(begun, simulation, options))
      if (!interrupted.aborted) await once(interrupted, 'abort')
    }
  } catch (error) {
    if (error instanceof HerokuRefusal) {
      writeError(`${error.message}\n`)
      status = 1
    } else {
      const { code, message } = error as NodeJS.ErrnoException
      writeError(`Provisioning at ${addon.baseUrl} failed: ${code ?? message}. Is the add-on running?\n`)
      status = 2
    }
  }
  const left = await simulation.stop({ deprovisions: true })
  for (const { uuid } of left) writeError(`The resource ${uuid} could not be deprovisioned.\n`)
  if (status === 0) write(`\nLines delivered: ${tally.acknowledged()}, lost: ${tally.lost()}.\n`)
  return left.length > 0 ? 1 : status
}

interface Options {
  addon: AddonManifest
  shape: Parameters<Simulation['start']>[1]
  deliverTo: string | undefined
  clientSecret: string
  apiPort: number
}

/** Null: help is asked for. @throws Error with a sentence for the user */
function readOptions(args: readonly string[]): Options | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      file: { type: 'string', short: 'f', default: MANIFEST },
      plan: { type: 'string', default: 'test' },
      'lines-per-second': { type: 'string', default: '20' },
      attach: { type: 'boolean', default: false },
      'deliver-to': { type: 'string' },
      'api-port': { type: 'string', default: '0' },
      'client-secret': { type: 'string', default: CLIENT_SECRET },
    },
  })
  if (values.help) return null
  const linesPerSecond = Number(values['lines-per-second'])
  if (!(linesPerSecond > 0 && linesPerSecond <= 1_000))
    throw new Error('--lines-per-second must be a number above 0, up to 1000.')
  const apiPort = Number(values['api-port'])
  if (!Number.isInteger(apiPort) || apiPort < 0 || apiPort > 65_535)
    throw new Error('--api-port must be a port, 0 to 65535.')
  const addon = readFile(values.file)
  return {
    addon,
    shape: {
      plan: values.plan,
      linesPerSecond,
      attachedLinesPerSecond: values.attach ? linesPerSecond / 10 : null,
      backlogMs: 60_000,
    },
    deliverTo: values['deliver-to'] === undefined ? plainOrigin(addon) : originOf(values['deliver-to']),
    clientSecret: values['client-secret'],
    apiPort,
  }
}

function readFile(path: string): AddonManifest {
  try {
    return readManifest(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof ManifestError) throw new Error(`${path} ${error.message}.`)
    throw new Error(`${path} cannot be read: ${(error as NodeJS.ErrnoException).code}.`)
  }
}

/** An add-on names an https address for its logs, and speaks plain http on the machine of its developer. */
function plainOrigin({ baseUrl }: AddonManifest): string | undefined {
  const { protocol, origin } = new URL(baseUrl)
  return protocol === 'http:' ? origin : undefined
}

function originOf(text: string): string {
  if (!/^https?:$/.test(URL.canParse(text) ? new URL(text).protocol : ''))
    throw new Error('--deliver-to must be an origin, like http://localhost:5000.')
  return new URL(text).origin
}

/** Counts lines, and reports the first deliveries that were lost. */
function countDeliveries(writeError: CliContext['writeError']) {
  let acknowledged = 0
  let lost = 0
  let complaints = 0
  return {
    acknowledged: () => acknowledged,
    lost: () => lost,
    settled({ result, lines, tries }: SettledFrame<SimLine>): void {
      if (result === 'acknowledged') {
        acknowledged += lines.length
        return
      }
      lost += lines.length
      complaints++
      const last = tries.at(-1)
      const outcome = last?.kind === 'status' ? `answered ${last.status}` : 'no answer'
      if (complaints <= MAX_COMPLAINTS)
        writeError(`A delivery is lost after ${tries.length} tries: ${outcome} (${lines.length} lines).\n`)
      if (complaints === MAX_COMPLAINTS) writeError('Further losses are only counted.\n')
    },
  }
}

function startText(
  begun: SimulatedResource,
  { platformOrigin }: Simulation,
  { addon, shape }: Options,
): string {
  const { resource, attached, signInUrl } = begun
  const apps = attached === null ? resource.app : `${resource.app}, attached to ${attached.app}`
  return `
Open this to sign in, as a click in the Heroku dashboard does:

  ${signInUrl}

Provisioned at ${addon.baseUrl}:

  resource    ${resource.uuid}
  name        ${resource.name}
  state       ${resource.state}, plan ${shape.plan}
  app         ${apps}
  logs        about ${shape.linesPerSecond} lines/s to ${resource.answer.logDrainUrl.replace(/\/\/[^@/]*@/, '//')}
  API         ${platformOrigin}, for https://api.heroku.com and https://id.heroku.com

Heroku's own command works on it as the customer:

  export HEROKU_HOST=${platformOrigin} HEROKU_API_KEY=${CUSTOMER_KEY}
  heroku addons:attach ${resource.name} -a my-other-app

Ctrl-C deprovisions the resource.
`
}
