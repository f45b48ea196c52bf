// How long lines are kept: they go a day of receipt at a time. Pure.

const DAY_MS = 86_400_000

/**
 * True where even a line of the last moment of that day is older than its retention.
 *
 * @param day of receipt: 2026-11-21
 */
export function isPastRetention(day: string, retentionDays: number, now: Date): boolean {
  return Date.parse(day) + DAY_MS + retentionDays * DAY_MS <= now.getTime()
}
