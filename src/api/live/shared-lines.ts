// What is made of a line for its readers, once for all of them: taken apart, and as JSON.
import type { LogLine } from '../../logplex/framed-line.ts'
import type { Apps, SearchedLine } from '../../query/line-view.ts'
import { searched } from '../../query/searched-line.ts'
import { lineToJson } from '../line.ts'
import type { TailCounters } from './tail-counters.ts'

/** In one process. Readers of a resource look at a line within a second or so of one another; this is some 15,000 lines. */
const MAX_JSON_CHARACTERS = 4_000_000

/** The newest JSON of the lines of all resources, bounded by its size; the oldest goes first. */
export class JsonCache {
  readonly #maxCharacters: number
  readonly #kept = new Map<LogLine, { of: SharedLines; text: string }>()
  #characters = 0

  constructor(maxCharacters = MAX_JSON_CHARACTERS) {
    this.#maxCharacters = maxCharacters
  }

  get characters(): number {
    return this.#characters
  }

  /** As `of` made it: another one has other names of apps. */
  get(line: LogLine, of: SharedLines): string | undefined {
    const kept = this.#kept.get(line)
    return kept?.of === of ? kept.text : undefined
  }

  set(line: LogLine, of: SharedLines, text: string): void {
    this.#delete(line)
    this.#kept.set(line, { of, text })
    this.#characters += text.length
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= this.#maxCharacters) return
      this.#delete(oldest)
    }
  }

  #delete(line: LogLine): void {
    this.#characters -= this.#kept.get(line)?.text.length ?? 0
    this.#kept.delete(line)
  }
}

/** Of one resource, for as long as its apps keep their names. */
export class SharedLines {
  readonly apps: Apps
  readonly #cache: JsonCache
  readonly #counters: Pick<TailCounters, 'tailLinesParsed'>
  /** Lives as long as the line, which the queues of its readers bound. */
  readonly #searched = new WeakMap<LogLine, SearchedLine>()

  constructor(apps: Apps, cache: JsonCache, counters: Pick<TailCounters, 'tailLinesParsed'>) {
    this.apps = apps
    this.#cache = cache
    this.#counters = counters
  }

  /** For lines that one reader alone has: nothing is kept of them. */
  alone(): SharedLines {
    return new SharedLines(this.apps, new JsonCache(0), this.#counters)
  }

  searched(line: LogLine): SearchedLine {
    const known = this.#searched.get(line)
    if (known !== undefined) return known
    this.#counters.tailLinesParsed++
    const made = searched(line, this.apps)
    this.#searched.set(line, made)
    return made
  }

  /** As `lineToJson` has it, as text. */
  json(line: LogLine): string {
    const known = this.#cache.get(line, this)
    if (known !== undefined) return known
    const made = JSON.stringify(lineToJson(line, this.apps, this.searched(line)))
    this.#cache.set(line, this, made)
    return made
  }
}
