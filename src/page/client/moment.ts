// A point in time as people say or paste it: `10 min ago`, `yesterday 17:30`, `5 am Friday`, `2026-11-21 10:15:20`, an
// epoch in seconds or milliseconds. Pure: now and the zone are arguments.
import type { Zone } from '../reading/times.ts'

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 }
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']

/** @returns milliseconds since 1970, or null for what is no time. Times without a date are the last ones that were. */
export function readMoment(typed: string, now: number, zone: Zone): number | null {
  const text = typed.trim().toLowerCase().replace(/\s+/g, ' ')
  if (text === '') return null
  if (text === 'now') return now
  return ago(text, now) ?? epoch(text) ?? stamp(text, zone) ?? named(text, now, zone)
}

/** `10 min ago`, `-2h`, `an hour ago` */
function ago(text: string, now: number): number | null {
  const match =
    /^(?:-\s?)?(\d+(?:\.\d+)?|an?|half an) ?(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)( ago)?$/.exec(
      text,
    )
  if (!match || (match[3] === undefined && !text.startsWith('-') && !/^\d/.test(text))) return null
  const amount = match[1] as string
  const number = amount === 'half an' ? 0.5 : /^an?$/.test(amount) ? 1 : Number(amount)
  return now - number * (UNITS[(match[2] as string)[0] as string] as number)
}

function epoch(text: string): number | null {
  if (!/^\d{10}(?:\d{3}|\d{6})?(?:\.\d+)?$/.test(text)) return null
  const number = Number(text)
  if (number >= 1e15) return Math.floor(number / 1_000)
  return number >= 1e12 ? number : Math.round(number * 1_000)
}

const CLOCK = /^(\d{1,2})(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s?(am|pm)?\s?(z|utc|gmt|[+-]\d\d:?\d\d)?$/
const ISO = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[t ](.+))?$/
const SYSLOG = /^([a-z]{3})[a-z]* (\d{1,2})(?:st|nd|rd|th)?(?:,? (\d{4}))?(?: (?:at )?(.+))?$/
const APACHE = /^\[?(\d{1,2})[/ ]([a-z]{3})[a-z]*[/ ](\d{4})(?:[: ](.+?))?\]?$/

/** A pasted time: RFC 3339, `Nov 21 10:15:20`, `21/Nov/2026:10:15:20 +0000`. */
function stamp(text: string, zone: Zone): number | null {
  const iso = ISO.exec(text)
  if (iso) return at(Number(iso[1]), Number(iso[2]) - 1, Number(iso[3]), iso[4], zone)
  const apache = APACHE.exec(text)
  const month = apache ? MONTHS.indexOf(apache[2] as string) : -1
  if (apache && month >= 0) return at(Number(apache[3]), month, Number(apache[1]), apache[4], zone)
  return null
}

function at(year: number, month: number, day: number, clock: string | undefined, zone: Zone): number | null {
  const read = clock === undefined ? { ms: 0, offset: null } : readClock(clock)
  if (read === null || month < 0 || month > 11 || day < 1 || day > 31) return null
  const start = startOfDay(year, month, day, read.offset === null ? zone : 'utc')
  return start + read.ms - (read.offset ?? 0)
}

/** `17:30`, `5 am`, `10:15:20.123+01:00` -> milliseconds of the day, and of the zone where it names one. */
function readClock(text: string): { ms: number; offset: number | null } | null {
  const match = CLOCK.exec(text)
  if (!match) return null
  const [, hour, minute = '0', second = '0', fraction = '0', half, zone] = match
  // A bare number is an hour only where am or pm says so, or a date stands before it.
  let hours = Number(hour)
  if (half !== undefined) {
    if (hours < 1 || hours > 12) return null
    hours = (hours % 12) + (half === 'pm' ? 12 : 0)
  }
  if (hours > 23 || Number(minute) > 59 || Number(second) > 59) return null
  const ms =
    hours * 3_600_000 +
    Number(minute) * 60_000 +
    Number(second) * 1_000 +
    Math.floor(Number(`0.${fraction}`) * 1_000)
  return { ms, offset: zone === undefined ? null : readOffset(zone) }
}

function readOffset(zone: string): number {
  const match = /^([+-])(\d\d):?(\d\d)$/.exec(zone)
  if (!match) return 0
  const size = Number(match[2]) * 3_600_000 + Number(match[3]) * 60_000
  return match[1] === '-' ? -size : size
}

/** `17:30`, `yesterday 17:30`, `friday 5 am`, `5 am friday`, `nov 21 10:15`. */
function named(text: string, now: number, zone: Zone): number | null {
  const plain = text.replace(/^last /, '').replace(/ (?:at|on) /g, ' ')
  const syslog = SYSLOG.exec(plain)
  const month = syslog ? MONTHS.indexOf(syslog[1] as string) : -1
  if (syslog && month >= 0) return withoutYear(syslog, month, now, zone)
  const words = plain.split(' ')
  const day = [words[0], words.at(-1)].find(
    (word) => word !== undefined && dayOffset(word, now, zone) !== null,
  )
  if (day !== undefined) {
    const clock = words
      .filter((word, index) => !(word === day && (index === 0 || index === words.length - 1)))
      .join(' ')
    const read = clock === '' ? { ms: 0, offset: null } : readClock(clock)
    if (read === null) return null
    return dayStart(now, dayOffset(day, now, zone) as number, zone) + read.ms
  }
  if (!/[:apm]/.test(plain)) return null
  const read = readClock(plain)
  if (read === null) return null
  const today = dayStart(now, 0, read.offset === null ? zone : 'utc') + read.ms - (read.offset ?? 0)
  return today <= now ? today : today - 86_400_000
}

/** As syslog writes it: the last such day that was. */
function withoutYear(match: RegExpExecArray, month: number, now: number, zone: Zone): number | null {
  const year = match[3] === undefined ? new Date(now).getUTCFullYear() : Number(match[3])
  const first = at(year, month, Number(match[2]), match[4], zone)
  if (first === null || match[3] !== undefined || first <= now) return first
  return at(year - 1, month, Number(match[2]), match[4], zone)
}

/** How many days before today: 0 for today, 1 for yesterday, up to 7 for a weekday. */
function dayOffset(word: string, now: number, zone: Zone): number | null {
  if (word === 'today') return 0
  if (word === 'yesterday') return 1
  if (!/^(?:sun|mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?)(?:day)?$/.test(word)) return null
  const today = zone === 'utc' ? new Date(now).getUTCDay() : new Date(now).getDay()
  return (today - DAYS.indexOf(word.slice(0, 3)) + 7) % 7 || 7
}

function dayStart(now: number, daysBefore: number, zone: Zone): number {
  const at = new Date(now)
  return zone === 'utc'
    ? startOfDay(at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate() - daysBefore, zone)
    : startOfDay(at.getFullYear(), at.getMonth(), at.getDate() - daysBefore, zone)
}

function startOfDay(year: number, month: number, day: number, zone: Zone): number {
  return zone === 'utc' ? Date.UTC(year, month, day) : new Date(year, month, day).getTime()
}
