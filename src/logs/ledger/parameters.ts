// What statements about deliveries are given.
import type { LineBatch } from '../line-table.ts'
import type { Delivery } from '../log-store.ts'

/** Each once. */
export function resourceNumbersOf(deliveries: readonly Delivery[]): number[] {
  return [...new Set(deliveries.map((delivery) => delivery.resourceNumber))]
}

/** For timestamptz[]. @param micros since 1970; to the millisecond */
export function toTimes(micros: readonly number[]): string[] {
  return micros.map((value) => new Date(value / 1000).toISOString())
}

/** `writer` and `batch`. */
export function batchValues(batch: LineBatch | null): [number | null, number | null] {
  return batch === null ? [null, null] : [batch.writer, batch.batch]
}
