// Writes lines into a customer's own log, fire and forget: a bounded queue, which drops its oldest line when full, is sent
// in batches by a few workers, each at one resource at a time. What cannot be delivered is counted and dropped: a notice
// is not worth a database table and a day of retries.
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { pauseMs } from '../../back-off.ts'
import { encodeInputFrame } from '../../logplex/input-frame.ts'
import { postFrames } from '../../logplex/post-frames.ts'
import type { HerokuCounters } from '../counters.ts'
import { HerokuError } from '../heroku-error.ts'
import type { LogInput, LogInputAddresses } from './addresses.ts'

export interface LogInputWriterParts {
  addresses: LogInputAddresses
  /** The add-on's slug: host and process of the lines. */
  addonId: string
  counters: HerokuCounters
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Aborts when the service closes: no more retries, and queued lines are dropped. */
  signal: AbortSignal
  now(): number
  /** In [0, 1). */
  random(): number
  maxQueued?: number
}

interface Entry {
  resourceId: string
  timeMicros: number
  message: string
}

const WORKERS = 4
const BATCH_LINES = 100
const TIMEOUT_MS = 5_000
const TRIES = 5
const BACK_OFF = { firstMs: 1_000, longestMs: 30_000 }

/** Why a line was dropped: the code of its metric. */
type DropReason = 'queue_full' | 'no_address' | 'refused' | 'unavailable'

export class LogInputWriter {
  readonly #parts: LogInputWriterParts
  readonly #maxQueued: number
  readonly #queue: Entry[] = []
  /** Resources that a worker has: their lines stay in order. */
  readonly #busy = new Set<string>()
  readonly #workers = new Set<Promise<void>>()
  readonly #agents = {
    'http:': new HttpAgent({ keepAlive: true, maxSockets: WORKERS }),
    'https:': new HttpsAgent({ keepAlive: true, maxSockets: WORKERS }),
  }

  constructor(parts: LogInputWriterParts) {
    this.#parts = parts
    this.#maxQueued = parts.maxQueued ?? 1_000
    parts.signal.addEventListener('abort', () => this.#drop('unavailable', this.#queue.splice(0).length))
  }

  get queued(): number {
    return this.#queue.length
  }

  /** One line. Never throws and never waits. */
  write(resourceId: string, message: string): void {
    const { now, signal } = this.#parts
    if (signal.aborted) {
      this.#drop('unavailable', 1)
      return
    }
    if (this.#queue.length >= this.#maxQueued) {
      this.#queue.shift()
      this.#drop('queue_full', 1)
    }
    this.#queue.push({ resourceId, timeMicros: Math.floor(now() * 1_000), message })
    this.#start()
  }

  /** Resolves when nothing is queued or in flight. */
  async settled(): Promise<void> {
    while (this.#workers.size > 0) await Promise.all(this.#workers)
  }

  #start(): void {
    while (this.#workers.size < WORKERS) {
      const next = this.#queue.find(({ resourceId }) => !this.#busy.has(resourceId))
      if (next === undefined) return
      const { resourceId } = next
      const lines = this.#take(resourceId)
      this.#busy.add(resourceId)
      const worker: Promise<void> = this.#deliver(resourceId, lines)
        .catch((error: unknown) => {
          this.#drop('unavailable', lines.length)
          this.#parts.log.warn({ err: error, resource: resourceId }, 'log input failed')
        })
        .finally(() => {
          this.#busy.delete(resourceId)
          this.#workers.delete(worker)
          this.#start()
        })
      this.#workers.add(worker)
    }
  }

  #take(resourceId: string): Entry[] {
    const taken = this.#queue.filter((entry) => entry.resourceId === resourceId).slice(0, BATCH_LINES)
    for (const entry of taken) this.#queue.splice(this.#queue.indexOf(entry), 1)
    return taken
  }

  async #deliver(resourceId: string, entries: readonly Entry[]): Promise<void> {
    const { addresses, addonId, counters, log } = this.#parts
    const frames = entries.map(({ timeMicros, message }) =>
      encodeInputFrame({ timeMicros, host: addonId, source: 'app', process: addonId, message }),
    )
    let address = await addresses.find(resourceId)
    if (address === null) return this.#drop('no_address', frames.length)
    let status = await this.#send(address, frames)
    if (isRefusal(status)) {
      // Heroku may have changed the address. One retry: a second refusal is final.
      address = await addresses.refresh(resourceId).catch((error: unknown) => {
        if (error instanceof HerokuError) return null
        throw error
      })
      if (address !== null) status = await this.#send(address, frames)
    }
    if (status !== null && status >= 200 && status < 300) {
      counters.logInputLines += frames.length
      return
    }
    this.#drop(isRefusal(status) ? 'refused' : 'unavailable', frames.length)
    log.warn({ resource: resourceId, status, lines: frames.length }, 'log input failed')
  }

  /** Retries what a retry may cure. @returns the status, or null if no answer came */
  async #send({ url, authorization }: LogInput, frames: readonly Buffer[]): Promise<number | null> {
    const { addonId, signal, random } = this.#parts
    for (let tries = 1; ; tries++) {
      const status = await postFrames({
        url,
        authorization,
        frames,
        userAgent: `${addonId} (culvert)`,
        agent: this.#agents[url.protocol as 'http:' | 'https:'],
        timeoutMs: TIMEOUT_MS,
        signal,
      }).catch(() => null)
      if ((status !== null && status < 500 && status !== 429) || tries === TRIES || signal.aborted)
        return status
      await sleep(pauseMs(tries, BACK_OFF, random()), undefined, { signal }).catch(() => {})
    }
  }

  #drop(why: DropReason, lines: number): void {
    const { logInputDropped } = this.#parts.counters
    if (lines > 0) logInputDropped.set(why, (logInputDropped.get(why) ?? 0) + lines)
  }
}

function isRefusal(status: number | null): boolean {
  return status !== null && status >= 300 && status < 500 && status !== 429
}
