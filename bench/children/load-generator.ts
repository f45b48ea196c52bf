// Senders like Logplex, as many as are asked for, in one process that does as little as it can: raw sockets, prepared
// bodies, one delivery under way on each connection. What it takes of the machine the service does not have.
import { randomBytes } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { type Body, bodies } from '../support/corpus.ts'
import type { Customer } from '../support/customers.ts'
import { LatencyHistogram } from '../support/histogram.ts'
import type { FromGenerator, LoadPlan, LoadResult, LoadRun, ToGenerator } from '../support/load-messages.ts'

/** Bodies that a connection sends in turn: more would only fall out of the processor's caches. */
const BODIES_PER_CONNECTION = 4
/** Logplex gives up then (heroku/logplex src/logplex_http_drain.erl). */
const ANSWER_TIMEOUT_MS = 5_000
const RECONNECT_MS = 100
const SWEEP_MS = 250
const PROGRESS_MS = 1_000
const HEAD_END = Buffer.from('\r\n\r\n')
const SEED = 20_261_121

/** One run and what came of it so far. */
class Tally {
  readonly started = performance.now()
  readonly until: number
  readonly lineLimit: number
  readonly latency = new LatencyHistogram()
  deliveries = 0
  lines = 0
  bytes = 0
  sentLines = 0
  lastAnswer = this.started
  readonly failures: Record<string, number> = {}

  constructor(run: LoadRun) {
    this.until = this.started + (run.seconds ?? Number.POSITIVE_INFINITY) * 1_000
    this.lineLimit = run.lines ?? Number.POSITIVE_INFINITY
  }

  get over(): boolean {
    return this.sentLines >= this.lineLimit || performance.now() >= this.until
  }

  fail(what: string): void {
    this.failures[what] = (this.failures[what] ?? 0) + 1
  }

  result(unsent: number): LoadResult {
    const { deliveries, lines, bytes, failures } = this
    const seconds = (this.lastAnswer - this.started) / 1_000
    return { seconds, deliveries, lines, bytes, failures, unsent, latency: this.latency.summary() }
  }
}

class Sender {
  readonly #plan: LoadPlan
  readonly #bodies: Body[]
  /** Their deliveries go over this connection in turn. */
  readonly #customers: Customer[]
  #socket: Socket | null = null
  #connected = false
  #answer: Buffer = Buffer.alloc(0)
  #tally: Tally | null = null
  #turn = 0
  #busy = false
  /** When the delivery under way was due, and when it was sent. */
  #due = 0
  #sentAt = 0
  #lastStampMicros = Date.now() * 1_000
  /** Times at which deliveries are due; null: whenever there is nothing under way. */
  #schedule: number[] | null = null

  constructor(plan: LoadPlan, customers: Customer[], prepared: Body[]) {
    this.#plan = plan
    this.#customers = customers
    this.#bodies = prepared
  }

  get busy(): boolean {
    return this.#busy
  }

  connect(): Promise<void> {
    return new Promise((resolve) => {
      const socket = connect({ port: this.#plan.port, host: '127.0.0.1', noDelay: true })
      this.#socket = socket
      socket.once('connect', () => {
        this.#connected = true
        this.#sendNext()
        resolve()
      })
      socket.on('data', (chunk) => this.#read(chunk))
      socket.on('error', () => {})
      socket.once('close', () => {
        if (this.#socket !== socket) return
        this.#connected = false
        if (this.#busy) this.#finish('cut')
        // Between two runs a service may go away for good.
        setTimeout(() => this.connect(), RECONNECT_MS).unref()
      })
    })
  }

  /** @param paced whether deliveries come by `due` */
  begin(tally: Tally, paced: boolean): void {
    this.#tally = tally
    this.#schedule = paced ? [] : null
    this.#lastStampMicros = Date.now() * 1_000
    this.#sendNext()
  }

  due(at: number): void {
    this.#schedule?.push(at)
    // Also where this was the last moment of the run.
    if (!this.#busy) this.#sendNext(true)
  }

  /** Returns how many were due and not sent. */
  end(): number {
    const unsent = this.#schedule?.length ?? 0
    this.#tally = null
    return unsent
  }

  /** Gives up what is under way, if it has been for too long. */
  sweep(now: number): void {
    if (!this.#busy || now - this.#sentAt < ANSWER_TIMEOUT_MS) return
    const socket = this.#socket
    this.#connected = false
    this.#socket = null
    socket?.destroy()
    this.#finish('no answer')
    void this.connect()
  }

  #sendNext(evenIfOver = false): void {
    if (this.#busy || !this.#connected || this.#tally === null) return
    if (this.#tally.over && !evenIfOver) return
    const now = performance.now()
    if (this.#schedule !== null) {
      const due = this.#schedule.shift()
      if (due === undefined) return
      this.#due = due
    } else {
      this.#due = now
    }
    const body = this.#bodies[this.#turn % this.#bodies.length] as Body
    const customer = this.#customers[this.#turn % this.#customers.length] as Customer
    this.#turn++
    if (!this.#plan.oldTimes) this.#stamp(body)

    this.#busy = true
    this.#sentAt = now
    this.#tally.sentLines += body.lines
    const socket = this.#socket as Socket
    socket.cork()
    socket.write(this.#head(body, customer), 'latin1')
    socket.write(body.bytes)
    socket.uncork()
  }

  /** The lines were written since the last delivery, at the latest just now. */
  #stamp(body: Body): void {
    const nowMicros = Date.now() * 1_000
    body.stamp(this.#lastStampMicros, nowMicros)
    this.#lastStampMicros = nowMicros
  }

  #head(body: Body, { resourceId, drainToken }: Customer): string {
    return (
      `POST /drains/${resourceId} HTTP/1.1\r\nHost: 127.0.0.1:${this.#plan.port}\r\n` +
      `Content-Type: application/logplex-1\r\nLogplex-Msg-Count: ${body.lines}\r\n` +
      `Logplex-Frame-Id: ${randomBytes(16).toString('hex').toUpperCase()}\r\n` +
      `Logplex-Drain-Token: ${drainToken}\r\nUser-Agent: Logplex/v72\r\n` +
      `Content-Length: ${body.bytes.length}\r\n\r\n`
    )
  }

  #read(chunk: Buffer): void {
    this.#answer = this.#answer.length === 0 ? chunk : Buffer.concat([this.#answer, chunk])
    const headEnd = this.#answer.indexOf(HEAD_END)
    if (headEnd === -1) return
    // `HTTP/1.1 204 No Content`
    const status = this.#answer.toString('latin1', 9, 12)
    if (status !== '204') {
      const head = this.#answer.toString('latin1', 0, headEnd)
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
      if (this.#answer.length < headEnd + HEAD_END.length + length) return
    }
    this.#answer = Buffer.alloc(0)
    this.#finish(status)
  }

  #finish(outcome: string): void {
    const tally = this.#tally
    this.#busy = false
    this.#answer = Buffer.alloc(0)
    if (tally === null) return
    const now = performance.now()
    tally.lastAnswer = now
    tally.latency.record(now - this.#due)
    if (outcome === '204') {
      const body = this.#bodies[(this.#turn - 1) % this.#bodies.length] as Body
      tally.deliveries++
      tally.lines += body.lines
      tally.bytes += body.bytes.length
    } else {
      tally.fail(outcome)
    }
    this.#sendNext()
  }
}

const senders: Sender[] = []
let plan: LoadPlan

async function prepare(wanted: LoadPlan): Promise<void> {
  plan = wanted
  const prepared = bodies(SEED, plan.linesPerDelivery)
  for (let at = 0; at < plan.connections; at++) {
    const customers = plan.customers.filter((_, customer) => customer % plan.connections === at)
    const shared = plan.customers[at % plan.customers.length] as Customer
    const own = Array.from({ length: BODIES_PER_CONNECTION }, () => prepared.next().value)
    senders.push(new Sender(plan, customers.length > 0 ? customers : [shared], own))
  }
  await Promise.all(senders.map((sender) => sender.connect()))
}

async function run(wanted: LoadRun): Promise<LoadResult> {
  const paced = wanted.linesPerSecond !== undefined
  const tally = new Tally(wanted)
  for (const sender of senders) sender.begin(tally, paced)
  const timers = [
    setInterval(() => {
      const now = performance.now()
      for (const sender of senders) sender.sweep(now)
    }, SWEEP_MS),
    setInterval(() => {
      const failures = Object.values(tally.failures).reduce((sum, count) => sum + count, 0)
      tell({ progress: { deliveries: tally.deliveries, lines: tally.lines, failures } })
    }, PROGRESS_MS),
  ]
  if (wanted.linesPerSecond !== undefined) await pace(tally, wanted.linesPerSecond)
  // A timer is good to a millisecond, which the latency of a paced delivery includes.
  while (!tally.over || senders.some((sender) => sender.busy)) await sleep(1)
  for (const timer of timers) clearInterval(timer)
  const unsent = senders.reduce((sum, sender) => sum + sender.end(), 0)
  return tally.result(unsent)
}

/** Delivery after delivery to the next connection, at even distances, whatever becomes of those before. */
async function pace(tally: Tally, linesPerSecond: number): Promise<void> {
  const everyMs = (plan.linesPerDelivery / linesPerSecond) * 1_000
  const limit = Math.ceil(tally.lineLimit / plan.linesPerDelivery)
  for (let delivery = 0; delivery < limit && performance.now() < tally.until; ) {
    const now = Math.min(performance.now(), tally.until)
    for (; delivery < limit; delivery++) {
      const due = tally.started + delivery * everyMs
      if (due > now) break
      senders[delivery % senders.length]?.due(due)
    }
    await sleep(1)
  }
}

function sleep(millis: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, millis))
}

function tell(message: FromGenerator): void {
  process.send?.(message)
}

process.on('message', (message: ToGenerator) => {
  if ('plan' in message) prepare(message.plan).then(() => tell({ ready: true }), fail)
  else run(message.run).then((result) => tell({ result }), fail)
})
// Waiting for messages keeps it alive.
process.channel?.ref()

function fail(error: unknown): void {
  process.stderr.write(`${error instanceof Error ? error.stack : error}\n`)
  process.exit(1)
}
