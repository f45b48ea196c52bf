// A time as a query writes it: the span that its precision leaves open. 2026-11-21 is the day, 10:15 of it a minute.
// UTC, unless it says otherwise. Pure.

export interface TimeSpan {
  /** Microseconds since 1970. */
  from: number
  /** Exclusive. */
  to: number
}

const SHAPE = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,6}))?)?)?(Z|[-+]\d\d:\d\d)?)?$/i

const SECOND = 1_000_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `2026-11-21`, `2026-11-21T10`, `2026-11-21T10:15:20.5+01:00`; undefined for anything else. */
export function readTimeSpan(text: string): TimeSpan | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone] = match
  const [h, m, s] = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)]
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  const exists = new Date(midnight).getUTCDate() === Number(day) && Number(month) >= 1 && Number(month) <= 12
  if (!exists || Number(year) < 1970 || h > 23 || m > 59 || s > 59) return undefined
  const micros = fraction === undefined ? 0 : Number(fraction.padEnd(6, '0'))
  const from = midnight * 1000 + h * HOUR + m * MINUTE + s * SECOND + micros - offset(zone)
  return { from, to: from + precision(hour, minute, second, fraction) }
}

function precision(hour?: string, minute?: string, second?: string, fraction?: string): number {
  if (fraction !== undefined) return 10 ** (6 - fraction.length)
  if (second !== undefined) return SECOND
  if (minute !== undefined) return MINUTE
  return hour === undefined ? DAY : HOUR
}

function offset(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === 'Z') return 0
  const size = Number(zone.slice(1, 3)) * HOUR + Number(zone.slice(4)) * MINUTE
  return zone.startsWith('-') ? -size : size
}

/** The micros of a line's `sentAt`, which is RFC 3339 with six digits and Z. */
export function readMicros(sentAt: string): number {
  return Date.parse(`${sentAt.slice(0, 19)}Z`) * 1000 + Number(sentAt.slice(20, 26))
}
