// What one web request or one background job leaves in a log: Heroku's router line in its 2.0 shape, and the lines
// that the app prints about it, in the styles that apps have. Pure.
import type { TrafficStage } from './traffic-stage.ts'

const ROUTES: readonly [method: string, path: string][] = [
  ['GET', '/'],
  ['GET', '/'],
  ['GET', '/orders'],
  ['GET', '/orders/{n}'],
  ['PUT', '/orders/{n}'],
  ['GET', '/api/v1/products?page={n}'],
  ['POST', '/api/v1/carts/{n}/items'],
  ['DELETE', '/api/v1/carts/{n}/items'],
  ['GET', '/search?q=caf%C3%A9+au+lait'],
  ['POST', '/sessions'],
  ['GET', '/assets/app-4f1c9d2e.js'],
  // The router does not escape what it puts between the quotes.
  ['GET', '/api/Schlachter {n}/books'],
  ['GET', '/healthz'],
]
const PEOPLE = ['Zoë', 'Łukasz', '山田太郎', 'Ana María', 'Søren', 'Ольга', 'Priya 🌸', 'Sam']
const LEVELS = ['info', 'info', 'info', 'info', 'debug', 'warn']

interface Request {
  id: string
  method: string
  path: string
  dyno: string
  connect: string
  service: string
  status: number
  bytes: string
  /** Empty for a request that went well. */
  failure: string
}

export function webRequest(stage: TrafficStage): void {
  const { random } = stage
  const [method, route] = random.pick(ROUTES)
  const path = route.replace('{n}', String(random.int(1, 99_999)))
  const dyno = random.pick(['web.1', 'web.2'])
  const millis = Math.round(4 + random.exponential(45))
  const id = random.uuid()
  const at = random.next()
  if (at < 0.006) {
    timedOutRequest(stage, { id, method, path, dyno })
    return
  }

  const status = at < 0.02 ? 500 : at < 0.06 ? 404 : at < 0.12 ? 304 : method === 'POST' ? 201 : 200
  const request = { id, method, path, dyno, millis, status }
  // The router hears of the end of a request a little before or after the app writes about it.
  stage.emit(millis * 1_000 + random.int(-900, 900), {
    priority: 158,
    source: 'heroku',
    process: 'router',
    message: routerLine(stage, {
      ...request,
      connect: `${random.int(0, 2)}ms`,
      service: `${millis}ms`,
      bytes: String(status === 304 ? 0 : random.int(120, 60_000)),
      failure: '',
    }),
  })
  if (dyno === 'web.1') jsonLines(stage, request)
  else railsLines(stage, request)
}

/** H12: no answer in 30 seconds. The router speaks of it, the app does not. */
function timedOutRequest(
  stage: TrafficStage,
  request: Pick<Request, 'id' | 'method' | 'path' | 'dyno'>,
): void {
  const failure = 'code=H12 desc="Request timeout" '
  stage.emit(30_000_000, {
    priority: 158,
    source: 'heroku',
    process: 'router',
    message: routerLine(stage, {
      ...request,
      connect: '1ms',
      service: '30000ms',
      status: 503,
      bytes: '0',
      failure,
    }),
  })
}

/** H10: the app has crashed. The router leaves empty what it does not know. */
export function refusedRequest(stage: TrafficStage, afterMicros: number): void {
  stage.emit(afterMicros, {
    priority: 158,
    source: 'heroku',
    process: 'router',
    message: routerLine(stage, {
      id: stage.random.uuid(),
      method: 'GET',
      path: '/',
      dyno: '',
      connect: '',
      service: '',
      status: 503,
      bytes: '',
      failure: 'code=H10 desc="App crashed" ',
    }),
  })
}

/** Dev Center: HTTP routing, router 2.0 (`protocol=http2.0 tls=true tls_version=tls1.3`). */
function routerLine({ random, app }: TrafficStage, r: Request): string {
  const fwd = `${random.pick(['203.0.113', '198.51.100'])}.${random.int(1, 254)}`
  const protocol = random.pick(['http1.1', 'http2.0', 'http2.0'])
  return (
    `at=${r.failure === '' ? 'info' : 'error'} ${r.failure}method=${r.method} path="${r.path}" ` +
    `host=${app}.herokuapp.com request_id=${r.id} fwd="${fwd}" dyno=${r.dyno} connect=${r.connect} ` +
    `service=${r.service} status=${r.status} bytes=${r.bytes} protocol=${protocol} tls=true tls_version=tls1.3`
  )
}

interface Handled {
  id: string
  method: string
  path: string
  millis: number
  status: number
}

/** A Node app that logs JSON. */
function jsonLines({ random, emit }: TrafficStage, { id, method, path, millis, status }: Handled): void {
  const say = (afterMicros: number, entry: object) =>
    emit(afterMicros, { priority: 190, source: 'app', process: 'web.1', message: JSON.stringify(entry) })
  if (status === 500) {
    say(millis * 900, {
      level: 'error',
      msg: 'request failed',
      request_id: id,
      err: { type: 'TypeError', message: "Cannot read properties of undefined (reading 'price')" },
    })
  }
  const level = status === 500 ? 'error' : random.pick(LEVELS)
  say(millis * 990, { level, msg: `${method} ${path}`, request_id: id, status, ms: millis })
  if (random.chance(0.2)) {
    const user = random.pick(PEOPLE)
    say(millis * 500, {
      level: 'info',
      msg: `signed in: ${user}`,
      user: { id: random.int(1, 9_999), name: user },
    })
  }
}

/** A Rails app that logs text, in colours. */
function railsLines({ random, emit }: TrafficStage, { id, method, path, millis, status }: Handled): void {
  const say = (afterMicros: number, text: string) =>
    emit(afterMicros, { priority: 190, source: 'app', process: 'web.2', message: `[${id}] ${text}` })
  say(1_000, `Started ${method} "${path}" for 203.0.113.${random.int(1, 254)}`)
  if (random.chance(0.3)) {
    const load = `\u001b[1m\u001b[36mOrder Load (${random.int(1, 90) / 10}ms)\u001b[0m`
    const statement = 'SELECT "orders".* FROM "orders" WHERE "orders"."id" = $1 LIMIT $2'
    say(
      millis * 400,
      `  ${load}  \u001b[1m\u001b[34m${statement}\u001b[0m  [["id", ${random.int(1, 9_999)}]]`,
    )
  }
  const word = status === 500 ? 'Internal Server Error' : status === 404 ? 'Not Found' : 'OK'
  say(millis * 980, `Completed ${status} ${word} in ${millis}ms (ActiveRecord: ${random.int(1, 40) / 10}ms)`)
}

/** A background job in plain text. */
export function workerJob({ random, emit }: TrafficStage): void {
  const say = (afterMicros: number, message: string) =>
    emit(afterMicros, { priority: 190, source: 'app', process: 'worker.1', message })
  const job = random.pick(['ReceiptMailer', 'ImageResize', 'NightlyReport', 'IndexOrders'])
  const jid = random.hex(12)
  const seconds = random.exponential(0.4)
  say(0, `pid=4 tid=${random.hex(3)} class=${job} jid=${jid} INFO: start`)
  if (job === 'ReceiptMailer') say(seconds * 500_000, `Sent mail to ${random.pick(PEOPLE)} ☕ → queued`)
  say(seconds * 1_000_000, `class=${job} jid=${jid} elapsed=${seconds.toFixed(3)} INFO: done`)
}
