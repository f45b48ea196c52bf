import { findText } from './find-text.ts'
import { fold } from './fold.ts'
import type { SearchedLine } from './line-view.ts'

/** `GET*checkout`: as a word, with `*` for any characters or none. In quotes, a star is a star. */
export interface Wildcard extends Pattern {
  kind: 'wildcard'
}

/** What is between the stars, folded; 'a*' has an empty last part. */
export interface Pattern {
  text: string
  parts: readonly string[]
}

export function wildcard(text: string): Wildcard {
  return { kind: 'wildcard', ...pattern(text) }
}

export function pattern(text: string): Pattern {
  return { text, parts: fold(text).split('*') }
}

const SPECIAL = /[\s"()]|^[->=]|^[A-Za-z_@][\w.#@$-]*:./su

/** True where `text`, which has a star, can be written where a word can. */
export function isWildcard(text: string): boolean {
  return !SPECIAL.test(text)
}

export function printWildcard({ text }: Wildcard): string {
  return text
}

export function matchesWildcard({ parts }: Wildcard, line: SearchedLine): boolean {
  return line.foldedTexts.some((text) => findParts(parts, text, 0) !== -1)
}

/** True where the pattern is all of the text, which is folded. A pattern without a star is the text. */
export function isWhole({ parts }: Pattern, text: string): boolean {
  const first = parts[0] as string
  if (parts.length === 1) return text === first
  const last = parts.at(-1) as string
  if (!text.startsWith(first) || !text.endsWith(last)) return false
  const end = findParts(parts.slice(1, -1), text, first.length)
  return end !== -1 && end <= text.length - last.length
}

/** Each part at its first place behind the one before: if that does not do, no other does. */
function findParts(parts: readonly string[], text: string, from: number): number {
  let at = from
  for (const part of parts) {
    const found = findText(text, part, at)
    if (found === -1) return -1
    at = found + part.length
  }
  return at
}
