// What the load generator and whoever started it tell each other. Types only.
import type { Customer } from './customers.ts'
import type { LatencySummary } from './histogram.ts'

/** How the senders are; for the life of the generator. */
export interface LoadPlan {
  port: number
  customers: Customer[]
  connections: number
  linesPerDelivery: number
  /** Lines keep the times they were prepared with: for receivers that keep nothing, to spare the generator. */
  oldTimes?: boolean
}

/** One run. It ends at the first of the bounds; answers under way are waited for. */
export interface LoadRun {
  seconds?: number
  lines?: number
  /** Spread evenly over the connections; without it each sends again as soon as it is answered. */
  linesPerSecond?: number
}

export interface LoadResult {
  /** From the first byte sent to the last answer. */
  seconds: number
  /** Answered 204. */
  deliveries: number
  lines: number
  bytes: number
  /** Every other end of a delivery: a status, `no answer`, `cut`. */
  failures: Record<string, number>
  /** Deliveries that were due and never sent, because the connection still waited for an answer. */
  unsent: number
  /** To the answer: from the first byte sent or, at a given pace, from when the delivery was due. */
  latency: LatencySummary
}

/** The run so far. */
export interface LoadProgress {
  deliveries: number
  lines: number
  failures: number
}

export type ToGenerator = { plan: LoadPlan } | { run: LoadRun }
export type FromGenerator = { ready: true } | { progress: LoadProgress } | { result: LoadResult }
