// Values written into the text of a statement, for the few that must go without parameters: several statements in one
// round trip are the simple query protocol, and that has none. Only what cannot carry anything but itself is let
// through: whole numbers, hex digits, times, names. Anything else is a bug, and throws.
import { bug } from '../../errors.ts'

export function integers(values: readonly number[]): string {
  for (const value of values) if (!Number.isSafeInteger(value)) throw bug(`${value} is not a whole number`)
  return array(values, 'bigint')
}

/** @param ids 32 lower-case hex digits each */
export function uuids(ids: readonly string[]): string {
  return array(checked(ids, /^[0-9a-f]{32}$/), 'uuid')
}

/** @param names letters and underscores */
export function names(values: readonly string[]): string {
  return array(checked(values, /^[a-z_]+$/), 'text')
}

/** @param days 2026-11-21 */
export function dates(days: readonly string[]): string {
  return array(checked(days, /^\d{4}-\d{2}-\d{2}$/), 'date')
}

/** @param micros since 1970; to the millisecond */
export function times(micros: readonly number[]): string {
  return array(
    micros.map((value) => new Date(value / 1000).toISOString()),
    'timestamptz',
  )
}

function checked(values: readonly string[], shape: RegExp): readonly string[] {
  for (const value of values) if (!shape.test(value)) throw bug(`${value} has not the shape ${shape}`)
  return values
}

function array(values: readonly (string | number)[], type: string): string {
  return `'{${values.join(',')}}'::${type}[]`
}
