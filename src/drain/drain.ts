// The drain room put together: from what it needs of the others to the parts its route works with.
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Delivery, LogStore } from '../logs/log-store.ts'
import { Admission, type AdmissionParts, type PlanLimits } from './admission.ts'
import { ByteGate } from './byte-gate.ts'
import { DrainCounters } from './counters.ts'
import { GroupCommit } from './group-commit.ts'
import { retryLookUp } from './look-up.ts'
import { ReceiptClock } from './receipt-clock.ts'
import { Refusals } from './refusals.ts'
import type { DrainParts } from './routes.ts'
import { Spool } from './spool/spool.ts'
import { StoreOrSpool } from './store-or-spool.ts'

/** One COPY of this size takes about 50 ms on a small machine: large enough to be cheap, short enough to wait for. */
const GROUP_BYTES = 4_000_000
const JOIN_BYTES = 1_000_000
const RETRY_DELAY_MS = 100
/** A segment is replayed in one commit. */
const SEGMENT_BYTES = GROUP_BYTES
/** Of the spool's bound, and beside it: what the store refused. */
const REJECTED_SHARE = 1 / 8
/** Of the time that a delivery may be held: how long its drain is looked up while the database fails. */
const LOOK_UP_SHARE = 0.75
/** A full disk keeps a spool from being opened. */
const OPEN_AGAIN_MS = 10_000

export interface DrainNeeds {
  config: Pick<Config, 'drain' | 'spool'>
  logs: Pick<LogStore, 'append' | 'recordLosses'>
  findDrain: AdmissionParts['findDrain']
  findDrainAhead: AdmissionParts['findDrainAhead']
  findEnded(resourceNumbers: readonly number[]): Promise<number[]>
  limitsOf(plan: string): PlanLimits
  onFailure(error: unknown, deliveries: number): void
  log: Pick<FastifyBaseLogger, 'info' | 'warn' | 'error'>
  now(): number
}

export interface Drain extends DrainParts {
  /** What goes up and down, for whoever watches the service. */
  levels(): Record<string, number>
  /** Writes down as gaps what was answered 503 and did not come again. By the clock. */
  writeDownRefusals(): Promise<void>
  /** Resolves when every delivery that was let in is committed or given up; what is spooled does not count. */
  drained(): Promise<void>
  /** After the last delivery. What the store does not take in time stays on disk for the next process. */
  close(): Promise<void>
}

export function createDrain(needs: DrainNeeds): Drain {
  const { config, logs, onFailure } = needs
  const refusals = new Refusals()
  const counters = new DrainCounters()
  const commit = new GroupCommit({
    append: (deliveries) => logs.append(deliveries),
    writers: config.drain.writers,
    groupBytes: GROUP_BYTES,
    joinBytes: JOIN_BYTES,
    retryDelayMs: RETRY_DELAY_MS,
    onFailure,
  })
  const onLost = (delivery: Delivery) => refusals.note(delivery, needs.now())
  const spooling = config.spool.on ? openSpooling(needs, commit, counters, onLost) : null
  const gate = new ByteGate(config.drain.queueLimitBytes)
  return {
    admission: new Admission({
      ...needs,
      findDrain: (digest) => retryLookUp(() => needs.findDrain(digest), config.drain.holdMs * LOOK_UP_SHARE),
    }),
    gate,
    clock: new ReceiptClock(() => needs.now() * 1000),
    counters,
    async file(delivery, hold) {
      try {
        const kept = await (spooling?.current()?.keep(delivery, hold) ?? commit.file(delivery, hold))
        refusals.clear(delivery)
        return kept
      } catch (error) {
        onLost(delivery)
        throw error
      }
    },
    levels() {
      const refused = spooling?.current()?.refused
      return {
        queuedDeliveries: commit.queued,
        refusedDeliveries: refusals.size,
        heldBytes: gate.heldBytes,
        spoolBytes: spooling?.current()?.spooledBytes ?? 0,
        spoolRejectedFiles: refused?.files ?? 0,
        spoolRejectedBytes: refused?.bytes ?? 0,
        spoolRejectedAgeSeconds: refused?.oldestAt == null ? 0 : (needs.now() - refused.oldestAt) / 1000,
      }
    },
    writeDownRefusals: () => refusals.writeDown(logs, needs.now()),
    drained: () => commit.drained(),
    close: () => (spooling ? spooling.close() : commit.drained()),
    bodyLimitBytes: config.drain.bodyLimitBytes,
    holdMs: config.drain.holdMs,
  }
}

interface Spooling {
  /** Null until the spool is open: a moment, or as long as its disk is full. Deliveries are held meanwhile. */
  current(): StoreOrSpool | null
  close(): Promise<void>
}

function openSpooling(
  { config, logs, findEnded, onFailure, log, now }: DrainNeeds,
  commit: GroupCommit,
  counters: DrainCounters,
  onLost: (delivery: Delivery) => void,
): Spooling {
  const closing = new AbortController()
  const open = async () => {
    const spool = await Spool.open({
      directory: config.spool.directory,
      limitBytes: config.spool.limitBytes,
      rejectedLimitBytes: config.spool.limitBytes * REJECTED_SHARE,
      segmentBytes: SEGMENT_BYTES,
      onTrouble: (sentence, details) => log.error(details, sentence),
      now,
    })
    return new StoreOrSpool({
      commit,
      spool,
      append: (deliveries) => logs.append(deliveries),
      findEnded,
      onFailure,
      onLost,
      log,
      counters,
      spoolAfterMs: config.spool.afterMs,
      catchUpBytes: SEGMENT_BYTES,
    })
  }
  let current: StoreOrSpool | null = null
  const opened = (async () => {
    let told = ''
    while (!closing.signal.aborted) {
      try {
        current = await open()
        return
      } catch (error) {
        const { directory } = config.spool
        const { message } = error as Error
        if (message !== told) log.error({ err: error, directory }, 'the spool cannot be opened; tried again')
        told = message
        await sleep(OPEN_AGAIN_MS, undefined, { signal: closing.signal, ref: false }).catch(() => {})
      }
    }
  })()
  return {
    current: () => current,
    async close() {
      closing.abort()
      await opened
      await (current ? current.close() : commit.drained())
    },
  }
}
