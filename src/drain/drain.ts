// The drain room put together: from what it needs of the others to the parts its route works with.
import type { Config } from '../config.ts'
import type { LogStore } from '../logs/log-store.ts'
import { Admission, type KnownDrain, type PlanLimits } from './admission.ts'
import { ByteGate } from './byte-gate.ts'
import { DrainCounters } from './counters.ts'
import { GroupCommit } from './group-commit.ts'
import { ReceiptClock } from './receipt-clock.ts'
import type { DrainParts } from './routes.ts'

/** One COPY of this size takes about 50 ms on a small machine: large enough to be cheap, short enough to wait for. */
const GROUP_BYTES = 4_000_000
const RETRY_DELAY_MS = 100

export interface DrainNeeds {
  config: Pick<Config, 'drain'>
  logs: Pick<LogStore, 'append'>
  findDrain(tokenDigest: Buffer): Promise<KnownDrain | null>
  limitsOf(plan: string): PlanLimits
  isTransient(error: unknown): boolean
  onFailure(error: unknown, deliveries: number): void
  now(): number
}

export interface Drain extends DrainParts {
  /** What goes up and down, for whoever watches the service. */
  levels(): Record<string, number>
  /** Resolves when every delivery that was let in is durable or given up. */
  drained(): Promise<void>
}

export function createDrain({ config, logs, onFailure, isTransient, ...needs }: DrainNeeds): Drain {
  const commit = new GroupCommit({
    append: (deliveries) => logs.append(deliveries),
    isTransient,
    writers: config.drain.writers,
    groupBytes: GROUP_BYTES,
    retryDelayMs: RETRY_DELAY_MS,
    onFailure,
  })
  const gate = new ByteGate(config.drain.queueLimitBytes)
  return {
    admission: new Admission(needs),
    gate,
    clock: new ReceiptClock(() => needs.now() * 1000),
    counters: new DrainCounters(),
    file: (delivery, signal) => commit.file(delivery, signal),
    levels: () => ({ queuedDeliveries: commit.queued, heldBytes: gate.heldBytes }),
    drained: () => commit.drained(),
    bodyLimitBytes: config.drain.bodyLimitBytes,
    holdMs: config.drain.holdMs,
  }
}
