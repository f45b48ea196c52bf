// Senders as Logplex is one: each has a drain of its own and one delivery under way. They number their lines, so that
// what is missing, twice there or out of order afterwards can be told.
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { Config } from '../../src/config.ts'
import { counted, frame } from './deliveries.ts'
import { storedLines } from './logs.ts'
import type { OwnPostgres } from './own-postgres.ts'
import { provisionAt } from './service.ts'

const TRY_TIMEOUT_MS = 5_000
const RETRY_PAUSE_MS = 50
const REPLAY_TIMEOUT_MS = 15_000

export interface SendersOptions {
  /** Called for each request: a service may come back at another place. */
  origin(): string
  config: Config
  senders: number
  linesPerDelivery: number
  /** Pause between an answer and the next delivery. */
  pauseMs: number
  /** What follows the number in each line. */
  filling?: string
  /** Try a delivery that is not answered 204 again, with the same frame id, until it is. */
  insist?: boolean
}

export interface Sent {
  /** By status; 0 where no answer came. */
  answers: Map<number, number>
  /** Milliseconds to each 204, sorted. */
  times: number[]
  /** For each resource, the lines that were answered 204, in the order of sending. */
  acknowledged: Map<string, string[]>
  /** Lines that were not, and may be there all the same. */
  abandoned: Set<string>
}

export interface Senders {
  sent: Sent
  stop(): Promise<Sent>
}

export async function startSenders(options: SendersOptions): Promise<Senders> {
  const sent: Sent = { answers: new Map(), times: [], acknowledged: new Map(), abandoned: new Set() }
  let stopped = false
  const start = async (number: number) => {
    const { id, drainToken } = await provisionAt(options.origin(), options.config)
    const acknowledged: string[] = []
    sent.acknowledged.set(id, acknowledged)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const run = async () => {
      for (let next = 0; !stopped; next += options.linesPerDelivery) {
        const lines = Array.from(
          { length: options.linesPerDelivery },
          (_, at) => `${number}:${next + at}${options.filling ?? ''}`,
        )
        const body = Buffer.concat(lines.map((line) => counted(frame(line))))
        const frameId = randomBytes(16).toString('hex')
        const status = await deliver(agent, drainToken, frameId, body)
        for (const line of lines) {
          if (status === 204) acknowledged.push(line)
          else sent.abandoned.add(`${id} ${line}`)
        }
        await sleep(options.pauseMs)
      }
      agent.destroy()
    }
    return run
  }
  const deliver = async (agent: Agent, token: string, frameId: string, body: Buffer): Promise<number> => {
    for (;;) {
      const started = performance.now()
      const status = await post(agent, options.origin(), token, frameId, body)
      sent.answers.set(status, (sent.answers.get(status) ?? 0) + 1)
      if (status === 204) sent.times.push(performance.now() - started)
      if (status === 204 || !options.insist) return status
      await sleep(RETRY_PAUSE_MS)
    }
  }
  const runs = await Promise.all(Array.from({ length: options.senders }, (_, number) => start(number)))
  const running = Promise.all(runs.map((run) => run()))
  return {
    sent,
    async stop() {
      stopped = true
      await running
      sent.times.sort((a, b) => a - b)
      return sent
    },
  }
}

export function percentile(sorted: readonly number[], share: number): number {
  return Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
}

/** Waits for the replay, and looks at every line: what was answered 204 is there, once, in the order of its drain. */
export async function expectAllStoredOnce(
  database: Pick<OwnPostgres, 'url' | 'query'>,
  { acknowledged, abandoned }: Sent,
): Promise<void> {
  const stored = async () => {
    const byId = new Map<string, string[]>()
    for (const { id, message } of await storedLines(database)) {
      const messages = byId.get(id)
      if (messages) messages.push(message)
      else byId.set(id, [message])
    }
    return byId
  }
  let inOrder = new Map<string, string[]>()
  const sizes = () => [...acknowledged].map(([id]) => inOrder.get(id)?.length ?? 0)
  const expected = [...acknowledged.values()].map((lines) => lines.length)
  const deadline = performance.now() + REPLAY_TIMEOUT_MS
  do {
    await sleep(100)
    inOrder = await stored()
  } while (performance.now() < deadline && sizes().some((size, at) => size < (expected[at] as number)))
  for (const [id, lines] of acknowledged) {
    const found = (inOrder.get(id) ?? []).filter((line) => !abandoned.has(`${id} ${line}`))
    expect(found).toEqual(lines)
  }
}

/** The status, or 0 where no answer came. */
export function post(
  agent: Agent,
  origin: string,
  drainToken: string,
  frameId: string,
  body: Buffer,
): Promise<number> {
  return new Promise((resolve) => {
    const outgoing = request(
      `${origin}/drains/x`,
      {
        method: 'POST',
        agent,
        timeout: TRY_TIMEOUT_MS,
        headers: {
          'content-type': 'application/logplex-1',
          'logplex-drain-token': drainToken,
          'logplex-frame-id': frameId,
          'content-length': body.length,
        },
      },
      (answer) => {
        answer.resume()
        answer.on('end', () => resolve(answer.statusCode ?? 0))
        answer.on('error', () => resolve(0))
      },
    )
    outgoing.on('timeout', () => outgoing.destroy())
    outgoing.on('error', () => resolve(0))
    outgoing.end(body)
  })
}
