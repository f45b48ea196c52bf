// The timestamp of a frame, read from its bytes. Pure.
import { FRACTION_DIGITS, ZULU } from './frame-form.ts'

const ZERO = 0x30
const DASH = 0x2d
const COLON = 0x3a
const DOT = 0x2e
const PLUS = 0x2b
const UPPER_T = 0x54
const UPPER_Z = 0x5a

const DAYS_IN_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

/** Added to a form to say that the bits cannot give this timestamp back. */
export const UNUSUAL = 1 << 15

export interface Timestamp {
  /** Microseconds since 1970, or NaN. */
  micros: number
  /** The bits of frame-form.ts, or with UNUSUAL set. */
  form: number
}

/**
 * Reads an RFC 3339 time of 0 to 9 fractional digits and any offset. Seen on the wire: six digits with `+00:00`
 * (dynos), trimmed digits (production Logplex since 2022), whole seconds (Postgres and Redis add-ons), `Z`, offsets.
 *
 * NaN for everything else: the nil `-`, a leap second, the year 0, days that do not exist, other shapes. The result
 * object is reused: read it before the next call.
 */
export function readTimestamp(bytes: Uint8Array, start: number, end: number): Timestamp {
  result.micros = Number.NaN
  result.form = UNUSUAL
  // YYYY-MM-DDTHH:MM:SS and at least a Z
  if (end - start < 20) return result
  const year = twoDigits(bytes, start) * 100 + twoDigits(bytes, start + 2)
  const month = twoDigits(bytes, start + 5)
  const day = twoDigits(bytes, start + 8)
  const hour = twoDigits(bytes, start + 11)
  const minute = twoDigits(bytes, start + 14)
  const second = twoDigits(bytes, start + 17)
  const shaped =
    bytes[start + 4] === DASH &&
    bytes[start + 7] === DASH &&
    bytes[start + 10] === UPPER_T &&
    bytes[start + 13] === COLON &&
    bytes[start + 16] === COLON
  // NaN fails every comparison, so a byte that is no digit ends here too.
  const exists =
    year >= 1970 && month >= 1 && month <= 12 && day >= 1 && hour <= 23 && minute <= 59 && second <= 59
  if (!shaped || !exists || day > daysIn(year, month)) return result

  let at = start + 19
  let fraction = 0
  let digits = 0
  if (bytes[at] === DOT) {
    at++
    while (at < end && isDigit(bytes[at] as number)) {
      if (digits < 6) fraction = fraction * 10 + (bytes[at] as number) - ZERO
      digits++
      at++
    }
    if (digits === 0 || digits > 9) return result
  }
  for (let scale = digits; scale < 6; scale++) fraction *= 10
  let form = digits <= 6 ? digits : UNUSUAL | (6 & FRACTION_DIGITS)

  let offsetMinutes = 0
  if (bytes[at] === UPPER_Z && at + 1 === end) {
    form |= ZULU
  } else {
    const sign = bytes[at]
    if ((sign !== PLUS && sign !== DASH) || at + 6 !== end || bytes[at + 3] !== COLON) return result
    offsetMinutes = twoDigits(bytes, at + 1) * 60 + twoDigits(bytes, at + 4)
    if (Number.isNaN(offsetMinutes)) return result
    if (offsetMinutes !== 0 || sign === DASH) form |= UNUSUAL
    if (sign === DASH) offsetMinutes = -offsetMinutes
  }
  const minutes = (daysSince1970(year, month, day) * 24 + hour) * 60 + minute - offsetMinutes
  result.micros = (minutes * 60 + second) * 1e6 + fraction
  result.form = form
  return result
}

const result: Timestamp = { micros: Number.NaN, form: UNUSUAL }

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9
}

/** The number that two digits make, or NaN. */
function twoDigits(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] as number) - ZERO
  const ones = (bytes[at + 1] as number) - ZERO
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)
  return month === 2 && !leap ? 28 : (DAYS_IN_MONTH[month - 1] as number)
}

/** Days in the proleptic Gregorian calendar, counted with the year starting in March so that leap days come last. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year
  const era = Math.floor(y / 400)
  const yearOfEra = y - era * 400
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}
