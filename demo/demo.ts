// `npm run demo`: starts the service and a simulated Heroku, which provisions a resource on it and drains the logs of two
// apps into it. Prints a link that signs in. Needs nothing installed and leaves nothing running.
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import {
  CUSTOMER_KEY,
  formatMicros,
  HerokuRefusal,
  openSimulation,
  readManifest,
  type Simulation,
} from 'heroku-simulator'
import { watchPackageRunner } from './package-runner.ts'
import { choosePort, type ServiceChild, startService, waitUntilHealthy } from './service.ts'
import { demoText } from './text.ts'

/** About 240 lines in the three minutes of the backlog. */
const TRAFFIC = { plan: 'test', linesPerSecond: 20, attachedLinesPerSecond: 2, backlogMs: 180_000 }
/** Between the service and a simulated Heroku on loopback. */
const CLIENT_SECRET = 'the-client-secret-of-the-demo'
const HEALTHY_TIMEOUT_MS = 90_000
const GRACE_MS = 10_000
const DATA_DIRECTORY = 'data/demo'

/** Settings that would connect the service to anything but the demo's own database, manifest and addresses. */
const NOT_FOR_THE_CHILD =
  /^(DATABASE_(URL|TLS)|ADDON_.*|HEROKU_.*|SECRET_KEYS|DRAIN_URL|PUBLIC_URL|DYNO|NODE_ENV|NODE_OPTIONS|NODE_CHANNEL_.*)$/

const say = (text: string) => process.stdout.write(`${text}\n`)
const complain = (text: string) => process.stderr.write(`${text}\n`)

let isStopping = false
let simulation: Simulation | undefined
let service: ServiceChild | undefined

/** Stops everything in reverse order, then the process. Only the first call counts. */
async function stop(exitCode: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  // Deprovisioned, so that the demo's database does not fill up with abandoned resources.
  await simulation?.stop({ deprovisions: exitCode === 0 })
  const isInTime = (await service?.stop(GRACE_MS)) ?? true
  if (!isInTime) complain(`The service did not end within ${GRACE_MS / 1_000} s and was killed.`)
  process.exit(exitCode)
}

/** Ends the demo with the reason and the last output of the service. */
async function fail(reason: string): Promise<void> {
  if (isStopping) return
  const output = service?.lastOutput() ?? ''
  complain(`\n${reason}${output === '' ? '' : `\nIts last output:\n\n${output.replace(/^/gm, '  ')}`}`)
  await stop(1)
}

function stopOnRequest(): void {
  if (isStopping) return
  say('\nStopping: the resource is deprovisioned and the service ends.')
  void stop(0)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopOnRequest)
// A reader of the output that goes away must not leave the service running.
for (const stream of [process.stdout, process.stderr]) stream.on('error', stopOnRequest)
watchPackageRunner(stopOnRequest)

async function start(): Promise<void> {
  const addon = readManifest(readFileSync(new URL('../addon-manifest.json', import.meta.url), 'utf8'))
  const port = await choosePort(Number(process.env.PORT ?? 5_000))
  const origin = `http://127.0.0.1:${port}`
  const publicUrl = `http://localhost:${port}`
  simulation = await openSimulation({ clientSecret: CLIENT_SECRET })
  const { platformOrigin } = simulation

  say('Starting the service and its database; the first time takes a few seconds.')
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_FOR_THE_CHILD.test(name))
  service = startService(
    {
      // The passwords of this service are public: it listens on loopback only.
      HOST: '127.0.0.1',
      DATA_DIRECTORY,
      LOG_LEVEL: 'warn',
      ...Object.fromEntries(inherited),
      PORT: String(port),
      PUBLIC_URL: publicUrl,
      NODE_ENV: 'development',
      // The demo never calls the real Heroku.
      HEROKU_API_URL: platformOrigin,
      HEROKU_ID_URL: platformOrigin,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
    },
    (line) => complain(`service | ${line}`),
  )
  const problem = await waitUntilHealthy(origin, service, HEALTHY_TIMEOUT_MS)
  if (problem !== null) return fail(problem)
  void service.ended.then((how) => fail(`The service ${how}.`))

  const here = { ...addon, baseUrl: `${origin}/heroku/resources`, ssoUrl: `${publicUrl}/sso/login` }
  // Drain URLs are https, as Heroku demands; the service on this machine speaks plain http.
  const begun = await simulation.start(here, TRAFFIC, { deliverTo: origin })
  if (begun === null || begun.attached === null) return
  const { resource, drain, attached } = begun
  say(
    demoText({
      signInUrl: begun.signInUrl,
      publicUrl,
      platformOrigin,
      customerKey: CUSTOMER_KEY,
      resourceName: resource.name,
      resourceId: resource.uuid,
      app: resource.app,
      attachedApp: attached.app,
      drainToken: drain.token,
      addonId: addon.id,
      password: addon.password,
      anotherId: randomUUID(),
      time: formatMicros(Date.now() * 1_000),
      backlogLines: begun.backlogLines,
      linesPerSecond: TRAFFIC.linesPerSecond,
    }),
  )
}

start().catch((error: unknown) => {
  if (error instanceof HerokuRefusal) return fail(error.message)
  return fail(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
})
