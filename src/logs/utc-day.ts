// UTC days of receipt, by which partitions and quotas are cut. Pure.

export const DAY_MICROS = 86_400_000_000

let lastDay = Number.NaN
let lastName = ''

/** The UTC day of a time in microseconds since 1970: 2026-11-21. Asked for each delivery, and nearly always today. */
export function utcDay(micros: number): string {
  const day = Math.floor(micros / DAY_MICROS)
  if (day !== lastDay) {
    lastName = new Date(day * (DAY_MICROS / 1000)).toISOString().slice(0, 10)
    lastDay = day
  }
  return lastName
}
