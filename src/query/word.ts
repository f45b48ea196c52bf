import { findText } from './find-text.ts'
import { fold } from './fold.ts'
import type { SearchedLine } from './line-view.ts'

/**
 * `timeout`: the lines whose message, process or source holds these letters, in any case, also inside a longer word.
 */
export interface Word {
  kind: 'word'
  text: string
  folded: string
}

export function word(text: string): Word {
  return { kind: 'word', text, folded: fold(text) }
}

const SPECIAL = /[\s"()*]|^[-/>=]|^(?:OR|AND|NOT)$|^[A-Za-z_@][\w.#@$-]*:./su

/** True where `text` stands for itself wherever it is put; other texts need quotes. */
export function isWord(text: string): boolean {
  return text !== '' && !SPECIAL.test(text)
}

export function printWord({ text }: Word): string {
  return text
}

/** Of phrases too, which only are written differently. */
export function matchesText({ folded }: { folded: string }, line: SearchedLine): boolean {
  return line.foldedTexts.some((text) => findText(text, folded) !== -1)
}
