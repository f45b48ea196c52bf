// Counts of lines and bytes. Some of their summands are numbers that a sender wrote, so a sum stops at a bound instead of
// overflowing: an overflow would fail the commit of every delivery in the group.

/** The largest count that JSON and JavaScript hold exactly. */
export const MAX_COUNT = Number.MAX_SAFE_INTEGER

export function addCounts(a: number, b: number): number {
  return Math.min(a + b, MAX_COUNT)
}

/** @param text a bigint or numeric of Postgres, as pg gives it */
export function toCount(text: string): number {
  return Math.min(Number(text), MAX_COUNT)
}

/**
 * For `on conflict … do update set`: the count that is there and the one to be inserted, added. A count that is there may
 * be larger than the bound: older releases wrote it.
 */
export function addExcluded(table: string, column: string): string {
  return `${column} = least(least(${table}.${column}, ${MAX_COUNT}) + excluded.${column}, ${MAX_COUNT})`
}
