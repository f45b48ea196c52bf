/**
 * The nearest rank: the smallest value that so many of all are not above. Exact; the lines that are looked at are
 * bounded, so the values can be kept.
 *
 * @param sorted ascending
 * @returns null where there are no values
 */
export function percentile(sorted: readonly number[], percent: number): number | null {
  if (sorted.length === 0) return null
  const rank = Math.max(1, Math.ceil((percent / 100) * sorted.length))
  return sorted[rank - 1] as number
}

export function ascending(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b)
}
