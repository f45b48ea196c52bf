// `npm run demo`: the service, with a simulated Heroku in front of it that has provisioned one resource and drains the
// traffic of an app into it. Prints one link that signs a person in. Needs nothing installed and leaves nothing running.
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  backlog,
  CUSTOMER_KEY,
  createHeroku,
  createRandom,
  formatMicros,
  type Heroku,
  HerokuRefusal,
  openDashboard,
  openPlatform,
  play,
  toSimLine,
  traffic,
} from 'heroku-simulator'
import { watchPackageRunner } from './package-runner.ts'
import { choosePort, type ServiceChild, startService, waitUntilHealthy } from './service.ts'
import { demoText } from './text.ts'

const SEED = 4
const LINES_PER_SECOND = 20
/** Of the second app, to which the resource is attached. */
const ATTACHED_LINES_PER_SECOND = 2
/** Between the service and a simulated Heroku on loopback. */
const CLIENT_SECRET = 'the-client-secret-of-the-demo'
const BACKLOG_MS = 180_000
/** About 200 lines in these three minutes, runtime metrics included. */
const BACKLOG_LINES_PER_SECOND = 1.3
const HEALTHY_TIMEOUT_MS = 90_000
const GRACE_MS = 10_000
const DATA_DIRECTORY = 'data/demo'

/** What would point the service at something other than the demo's own database, manifest and addresses. */
const NOT_FOR_THE_CHILD =
  /^(DATABASE_(URL|TLS)|ADDON_.*|HEROKU_.*|SECRET_KEYS|DRAIN_URL|PUBLIC_URL|DYNO|NODE_ENV|NODE_OPTIONS|NODE_CHANNEL_.*)$/

interface Manifest {
  id: string
  api: { password: string; sso_salt: string; config_vars: string[] }
}

const say = (text: string) => process.stdout.write(`${text}\n`)
const complain = (text: string) => process.stderr.write(`${text}\n`)

let isStopping = false
let heroku: Heroku | undefined
let service: ServiceChild | undefined
let stopPlaying = () => {}

/** Ends everything in the reverse order of its start, and then the process. Only the first call counts. */
async function stop(exitCode: number): Promise<void> {
  if (isStopping) return
  isStopping = true
  stopPlaying()
  for (const resource of heroku?.resources() ?? []) {
    await Promise.race([Promise.all(resource.drains.map((drain) => drain.whenIdle())), sleep(1_000)])
    // Deprovisioned, so that the demo's database does not fill up with resources that nobody has.
    if (exitCode === 0) await Promise.race([heroku?.deprovision(resource.uuid).catch(() => {}), sleep(3_000)])
  }
  heroku?.stop()
  const isInTime = (await service?.stop(GRACE_MS)) ?? true
  if (!isInTime) complain(`The service did not end within ${GRACE_MS / 1_000} s and was killed.`)
  process.exit(exitCode)
}

/** The demo failed: says why, and what the service said last. */
async function fail(reason: string): Promise<void> {
  if (isStopping) return
  const words = service?.lastWords() ?? ''
  complain(`\n${reason}${words === '' ? '' : `\nThe last it said:\n\n${words.replace(/^/gm, '  ')}`}`)
  await stop(1)
}

function stopOnRequest(): void {
  if (isStopping) return
  say('\nStopping: the resource is deprovisioned and the service ends.')
  void stop(0)
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stopOnRequest)
// Whoever read our output may be gone before us; that is no reason to leave a service behind.
for (const stream of [process.stdout, process.stderr]) stream.on('error', stopOnRequest)
watchPackageRunner(stopOnRequest)

async function start(): Promise<void> {
  const manifestUrl = new URL('../addon-manifest.json', import.meta.url)
  const manifest = JSON.parse(readFileSync(manifestUrl, 'utf8')) as Manifest
  const port = await choosePort(Number(process.env.PORT ?? 5_000))
  const origin = `http://127.0.0.1:${port}`
  const publicUrl = `http://localhost:${port}`
  const dashboard = await openDashboard((uuid) => heroku?.signIn(uuid) ?? null)
  const platform = await openPlatform(() => heroku)
  platform.dashboard = dashboard.origin

  say('Starting the service and its database; the first time takes a few seconds.')
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_FOR_THE_CHILD.test(name))
  service = startService(
    {
      // Nobody else on the network has business with a service whose passwords are public.
      HOST: '127.0.0.1',
      DATA_DIRECTORY,
      LOG_LEVEL: 'warn',
      ...Object.fromEntries(inherited),
      PORT: String(port),
      PUBLIC_URL: publicUrl,
      NODE_ENV: 'development',
      // A demo never talks to the real Heroku.
      HEROKU_API_URL: platform.origin,
      HEROKU_ID_URL: platform.origin,
      HEROKU_CLIENT_SECRET: CLIENT_SECRET,
    },
    (line) => complain(`service | ${line}`),
  )
  const sickness = await waitUntilHealthy(origin, service, HEALTHY_TIMEOUT_MS)
  if (sickness !== null) return fail(sickness)
  void service.ended.then((how) => fail(`The service ${how}.`))

  const random = createRandom(`${Date.now()} ${process.pid}`)
  heroku = createHeroku({
    addon: {
      id: manifest.id,
      password: manifest.api.password,
      ssoSalt: manifest.api.sso_salt,
      configVars: manifest.api.config_vars,
      baseUrl: `${origin}/heroku/resources`,
      ssoUrl: `${publicUrl}/sso/login`,
    },
    random,
    // Drain URLs are https, as Heroku wants them; the service on this machine speaks plain http.
    drains: { deliverTo: origin },
    clientSecrets: [CLIENT_SECRET],
    logInputOrigin: platform.origin,
  })
  const resource = await heroku.provision({ plan: 'test' })
  const [drain] = resource.drains
  if (drain === undefined || isStopping) return

  const now = Date.now()
  const past = backlog({
    seed: SEED,
    from: now - BACKLOG_MS,
    to: now,
    linesPerSecond: BACKLOG_LINES_PER_SECOND,
    app: resource.app,
  })
  for (const line of past) drain.push(toSimLine(line))
  await drain.whenIdle()
  if (isStopping) return
  const present = traffic({
    seed: SEED + 1,
    startAt: now,
    linesPerSecond: LINES_PER_SECOND,
    app: resource.app,
  })
  const stopFirst = play(present, (line) => drain.push(toSimLine(line)))
  // The service is not told of it. It learns of the second app by its first delivery.
  const attached = heroku.attach(resource.uuid)
  const others = traffic({
    seed: SEED + 2,
    startAt: now,
    linesPerSecond: ATTACHED_LINES_PER_SECOND,
    app: attached.app,
  })
  const stopSecond = play(others, (line) => attached.push(toSimLine(line)))
  stopPlaying = () => {
    stopFirst()
    stopSecond()
  }

  say(
    demoText({
      signInUrl: dashboard.signInUrl(resource.uuid),
      publicUrl,
      platformOrigin: platform.origin,
      customerKey: CUSTOMER_KEY,
      resourceName: resource.name,
      resourceId: resource.uuid,
      app: resource.app,
      attachedApp: attached.app,
      drainToken: drain.token,
      addonId: manifest.id,
      password: manifest.api.password,
      anotherId: random.uuid(),
      time: formatMicros(now * 1_000),
      backlogLines: past.length,
      linesPerSecond: LINES_PER_SECOND,
    }),
  )
}

start().catch((error: unknown) => {
  if (error instanceof HerokuRefusal) return fail(error.message)
  return fail(`The demo could not go on: ${error instanceof Error ? error.message : String(error)}`)
})
