// A VCL expression after it was read: its type, known before any line is seen, and how a line gives its value. Pure.
import type { LineFacts } from '../line-facts.ts'
import { printHttpDate } from './strftime.ts'

/** VCL's STRING, INTEGER, FLOAT, BOOL, TIME and RTIME. An IP is a string here: there are no ACLs to match it with. */
export type Type = 'string' | 'integer' | 'float' | 'bool' | 'time' | 'duration'

/** A time is microseconds since 1970, a duration seconds. Null: the line does not say. */
export type Value = string | number | boolean | null

export interface Expression {
  type: Type
  /** Where it begins in the text. */
  at: number
  /** Set where it is a text between quotes: only that may be a regular expression or a date's shape. */
  literal?: string
  evaluate(line: LineFacts): Value
}

/** What stands for a value that a line does not have. */
export const DASH = '-'

/** No value grows beyond this: a frame holds half of it. */
export const MAX_TEXT = 20_000

/** The value as it becomes part of a text. */
export function print(type: Type, value: Value): string {
  if (value === null) return DASH
  switch (type) {
    case 'bool':
      return value ? '1' : '0'
    case 'time':
      return printHttpDate(value as number)
    case 'duration':
    case 'float':
      return (value as number).toFixed(3)
    default:
      return String(value)
  }
}

/** What `if` and a condition ask: a BOOL itself, of anything else whether the line has it. */
export function isTrue(value: Value): boolean {
  return typeof value === 'boolean' ? value : value !== null
}
