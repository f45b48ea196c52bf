// Counting fields and their values over lines. Bounded, whatever is logged. Pure.

import type { LogLine } from '../logplex/framed-line.ts'
import { fieldValues } from '../query/line-fields.ts'
import type { Apps } from '../query/line-view.ts'
import { readFields } from '../query/message-fields.ts'
import { searched, withoutColours } from '../query/searched-line.ts'

/** Fields of every line, before the keys of messages. */
const OWN = ['app', 'source', 'process', 'level', 'code'] as const

const MAX_FIELDS = 500
/** Beyond it new values of a field are not counted: an id is different in each line, and no use as a list. */
const MAX_VALUES = 2_000
const MAX_VALUE_LENGTH = 200
const SHOWN_FIELDS = 100
const SHOWN_VALUES = 10

interface Counted {
  lines: number
  values: Map<string, number>
}

export interface TopField {
  name: string
  lines: number
  values: { value: string; lines: number }[]
}

export class FieldCounts {
  lookedAt = 0
  newest: string | null = null
  oldest: string | null = null
  readonly #apps: Apps
  readonly #fields = new Map<string, Counted>()

  constructor(apps: Apps) {
    this.#apps = apps
  }

  add(line: LogLine): void {
    this.lookedAt++
    if (this.newest === null || line.sentAt > this.newest) this.newest = line.sentAt
    if (this.oldest === null || line.sentAt < this.oldest) this.oldest = line.sentAt
    const asSearched = searched(line, this.#apps)
    for (const name of OWN) {
      // web.1 is found as web, too; here it is counted as itself.
      this.#count(name, fieldValues(name, asSearched).slice(0, 1))
    }
    for (const [name, values] of readFields(withoutColours(line.message))) {
      const isOwn = (OWN as readonly string[]).includes(name)
      if (!isOwn) this.#count(name, values)
    }
  }

  top(): TopField[] {
    return [...this.#fields]
      .sort(([a, one], [b, other]) => other.lines - one.lines || (a < b ? -1 : 1))
      .slice(0, SHOWN_FIELDS)
      .map(([name, { lines, values }]) => ({
        name,
        lines,
        values: [...values]
          .sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))
          .slice(0, SHOWN_VALUES)
          .map(([value, count]) => ({ value, lines: count })),
      }))
  }

  #count(name: string, values: readonly string[]): void {
    if (values.length === 0) return
    let counted = this.#fields.get(name)
    if (counted === undefined) {
      if (this.#fields.size >= MAX_FIELDS) return
      counted = { lines: 0, values: new Map() }
      this.#fields.set(name, counted)
    }
    counted.lines++
    for (const value of new Set(values)) {
      if (value.length > MAX_VALUE_LENGTH) continue
      const lines = counted.values.get(value)
      if (lines === undefined && counted.values.size >= MAX_VALUES) continue
      counted.values.set(value, (lines ?? 0) + 1)
    }
  }
}
