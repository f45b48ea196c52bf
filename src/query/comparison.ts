import { fold } from './fold.ts'
import { LEVELS, type Level, levelNamed } from './level.ts'
import { compareQuantities, readQuantity } from './quantity.ts'
import { readTimeSpan } from './time-span.ts'

/**
 * `status:>=500 service:>1s bytes:<10kB level:>=warn time:>=2026-11-21T10:15`: the field is a number, a level or the
 * time, and more or less than this. `service:=1s` is equality of numbers: 1000ms too. `time:2026-11-21` is that day.
 */
export interface Comparison {
  kind: 'comparison'
  operator: Operator
  /** As written: 500, 1s, warn, 2026-11-21T10:15 */
  bound: string
}

export type Operator = '>' | '>=' | '<' | '<=' | '='

const SHAPE = /^([<>]=?|=)(.+)$/su

/** @returns undefined for what is no comparison. */
export function readOperator(text: string): Comparison | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  return { kind: 'comparison', operator: match[1] as Operator, bound: match[2] as string }
}

/** Why the field cannot be compared so, or null. */
export function whyNotComparable(name: string, { bound }: Comparison): string | null {
  if (name === 'time') {
    return readTimeSpan(bound)
      ? null
      : 'write a time as 2026-11-21, 2026-11-21T10:15 or 2026-11-21T10:15:20.5Z'
  }
  if (name === 'level') return levelNamed(fold(bound)) ? null : `the levels are ${LEVELS.join(', ')}`
  return readQuantity(bound) && !/[\s"()]/.test(bound)
    ? null
    : 'write a number, with a unit or without: 500, 1.5s, 10kB'
}

export function printComparison(name: string, { operator, bound }: Comparison): string {
  return `${operator === '=' && isOrdered(name) ? '' : operator}${bound}`
}

/** For the fields that `isOrdered` names. */
export function matchesOrdered(
  name: string,
  { operator, bound }: Comparison,
  line: { readonly sentAtMicros: number; readonly level: Level | undefined },
): boolean {
  if (name === 'time') {
    const { from, to } = timeBounds({ operator, bound })
    const at = line.sentAtMicros
    return at >= from && at < to
  }
  const { level } = line
  return level !== undefined && holds(LEVELS.indexOf(level) - LEVELS.indexOf(levelOf(bound)), operator)
}

/** For the value of any other field: as quantities. */
export function compares({ operator, bound }: Comparison): (value: string) => boolean {
  const right = readQuantity(bound)
  return (value) => {
    const left = readQuantity(value)
    const difference = left && right && compareQuantities(left, right)
    return difference !== undefined && holds(difference, operator)
  }
}

/** Levels that stand so to the bound. */
export function levelsThat({ operator, bound }: Pick<Comparison, 'operator' | 'bound'>) {
  const right = LEVELS.indexOf(levelOf(bound))
  return LEVELS.filter((_, left) => holds(left - right, operator))
}

/** Microseconds since 1970: from, inclusive, and to, exclusive. */
export function timeBounds({ operator, bound }: Pick<Comparison, 'operator' | 'bound'>): {
  from: number
  to: number
} {
  const span = readTimeSpan(bound) ?? { from: 0, to: 0 }
  switch (operator) {
    case '>':
      return { from: span.to, to: Number.POSITIVE_INFINITY }
    case '>=':
      return { from: span.from, to: Number.POSITIVE_INFINITY }
    case '<':
      return { from: Number.NEGATIVE_INFINITY, to: span.from }
    case '<=':
      return { from: Number.NEGATIVE_INFINITY, to: span.to }
    case '=':
      return span
  }
}

function levelOf(bound: string) {
  return levelNamed(fold(bound)) ?? 'fatal'
}

function holds(difference: number, operator: Operator): boolean {
  switch (operator) {
    case '>':
      return difference > 0
    case '>=':
      return difference >= 0
    case '<':
      return difference < 0
    case '<=':
      return difference <= 0
    case '=':
      return difference === 0
  }
}

/** Fields whose plain value is a comparison too: level:warning is level:warn, time:2026-11-21 is a day long. */
export function isOrdered(name: string): boolean {
  return name === 'time' || name === 'level'
}
