// Times as texts, always in UTC, as Fastly's servers print them. Pure.

/** How each letter behind a `%` is printed (POSIX strftime, in the C locale). */
const CONVERSIONS: Record<string, (date: Date) => string> = {
  '%': () => '%',
  a: (date) => dayName(date).slice(0, 3),
  A: dayName,
  b: (date) => monthName(date).slice(0, 3),
  B: monthName,
  c: (date) => strftime('%a %b %e %H:%M:%S %Y', date),
  C: (date) => two(Math.floor(date.getUTCFullYear() / 100)),
  d: (date) => two(date.getUTCDate()),
  D: (date) => strftime('%m/%d/%y', date),
  e: (date) => String(date.getUTCDate()).padStart(2),
  F: (date) => strftime('%Y-%m-%d', date),
  g: (date) => two(isoWeek(date).year % 100),
  G: (date) => String(isoWeek(date).year),
  h: (date) => monthName(date).slice(0, 3),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(date.getUTCHours() % 12 || 12),
  j: (date) => String(dayOfYear(date) + 1).padStart(3, '0'),
  k: (date) => String(date.getUTCHours()).padStart(2),
  l: (date) => String(date.getUTCHours() % 12 || 12).padStart(2),
  m: (date) => two(date.getUTCMonth() + 1),
  M: (date) => two(date.getUTCMinutes()),
  n: () => '\n',
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getUTCHours() < 12 ? 'am' : 'pm'),
  r: (date) => strftime('%I:%M:%S %p', date),
  R: (date) => strftime('%H:%M', date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => two(date.getUTCSeconds()),
  t: () => '\t',
  T: (date) => strftime('%H:%M:%S', date),
  u: (date) => String(date.getUTCDay() || 7),
  U: (date) => two(Math.floor((dayOfYear(date) + 7 - date.getUTCDay()) / 7)),
  V: (date) => two(isoWeek(date).week),
  w: (date) => String(date.getUTCDay()),
  W: (date) => two(Math.floor((dayOfYear(date) + 7 - ((date.getUTCDay() + 6) % 7)) / 7)),
  x: (date) => strftime('%m/%d/%y', date),
  X: (date) => strftime('%H:%M:%S', date),
  y: (date) => two(date.getUTCFullYear() % 100),
  Y: (date) => String(date.getUTCFullYear()),
  z: () => '+0000',
  Z: () => 'GMT',
}

/**
 * Reads a shape such as `%Y-%m-%dT%H:%M:%S%z` once, for many times.
 *
 * @returns how to print a time in microseconds since 1970, or the place of a conversion that there is not.
 */
export function compileStrftime(shape: string): ((micros: number) => string) | { wrongAt: number } {
  for (let at = shape.indexOf('%'); at !== -1; at = shape.indexOf('%', at + 2)) {
    if (CONVERSIONS[shape[at + 1] ?? ''] === undefined) return { wrongAt: at }
  }
  return (micros) => strftime(shape, dateOf(micros))
}

/** `[11/Sep/2020:13:20:27 +0000]`, the Common Log Format's */
export function printClfTime(micros: number): string {
  return strftime('[%d/%b/%Y:%H:%M:%S %z]', dateOf(micros))
}

/** `Tue, 22 Mar 2016 12:01:01 GMT` */
export function printHttpDate(micros: number): string {
  return strftime('%a, %d %b %Y %H:%M:%S GMT', dateOf(micros))
}

function strftime(shape: string, date: Date): string {
  return shape.replace(/%(.)/gs, (all, letter: string) => CONVERSIONS[letter]?.(date) ?? all)
}

/** A line's time may be any that its sender wrote; what JavaScript has no date for is 1970. */
function dateOf(micros: number): Date {
  const date = new Date(Math.floor(micros / 1000))
  return Number.isNaN(date.getTime()) ? new Date(0) : date
}

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = 'January February March April May June July August September October November December'.split(
  ' ',
)

function dayName(date: Date): string {
  return DAYS[date.getUTCDay()] as string
}

function monthName(date: Date): string {
  return MONTHS[date.getUTCMonth()] as string
}

/** Days since 1 January. */
function dayOfYear(date: Date): number {
  return Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000)
}

/** ISO 8601: a week belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { year: number; week: number } {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000)
  return { year: thursday.getUTCFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 }
}

function two(number: number): string {
  return String(number).padStart(2, '0')
}
