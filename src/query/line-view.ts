// A line as queries see it. Types only.
import type { Level } from './level.ts'

/** The names of the attached apps by drain id. */
export type Apps = ReadonlyMap<number, string>

/** What a field is read from. */
export interface LineView {
  readonly source: string
  readonly process: string
  readonly priority: number | null
  readonly drainId: number
  readonly sentAt: string
  readonly app: string | undefined
  readonly level: Level | undefined
  /** Heroku's code in the text, or else a key `code`. */
  readonly codes: readonly string[]
  /** The values of a key of the message; the name is folded. */
  key(name: string): readonly string[]
}

export interface SearchedLine extends LineView {
  /** What words and expressions are matched against: message without colours, process, source. */
  readonly texts: readonly [string, string, string]
  readonly foldedTexts: readonly [string, string, string]
  readonly sentAtMicros: number
}
