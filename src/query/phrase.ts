import { fold } from './fold.ts'

/**
 * `"could not connect"`: as a word, with spaces and whatever else is between the quotes. Inside, `\"` is a quote and
 * `\\` a backslash; nothing else is special. This is also what becomes of syntax that makes no sense.
 */
export interface Phrase {
  kind: 'phrase'
  text: string
  folded: string
}

export function phrase(text: string): Phrase {
  return { kind: 'phrase', text, folded: fold(text) }
}

export function printPhrase({ text }: { text: string }): string {
  return quote(text)
}

export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

const QUOTED = /"((?:[^"\\]|\\.)*)"/suy

/** The quotes of a text. */
export class Quotes {
  readonly #source: string
  #unclosedFrom = Number.POSITIVE_INFINITY

  constructor(source: string) {
    this.#source = source
  }

  /** What is quoted from `at` on, and where it ends; undefined where the quote is never closed. */
  read(at: number): { text: string; end: number } | undefined {
    if (at >= this.#unclosedFrom) return undefined
    QUOTED.lastIndex = at
    const match = QUOTED.exec(this.#source)
    if (match) return { text: (match[1] as string).replace(/\\(["\\])/g, '$1'), end: QUOTED.lastIndex }
    // Each quote behind it is escaped, and what follows on one closes no more than what follows on this.
    if (this.#source[at] === '"') this.#unclosedFrom = at
    return undefined
  }
}
