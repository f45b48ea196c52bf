// Version 1 of Fastly's format strings: seven directives, and VCL variables written as they are. Pure.
//
// `%h %t %r %>s time.elapsed` gives `203.0.113.7 Tue, 22 Mar 2016 12:01:01 GMT GET /some/path 200 0.018`.
import { Refusal } from '../refusal.ts'
import { DASH, print, type Value } from '../vcl/expression.ts'
import { findName, started } from '../vcl/names.ts'
import { printHttpDate } from '../vcl/strftime.ts'
import type { Piece } from './piece.ts'

const DIRECTIVES: Record<string, Piece> = {
  __proto__: null as never,
  '%h': ({ request }) => text(request?.client),
  '%l': '"-"',
  '%u': '"-"',
  '%t': (line) => printHttpDate(started(line)),
  '%r': ({ request }) => (request === null ? DASH : `${request.method} ${request.url}`),
  '%>s': ({ request }) => text(request?.status),
  // The header's value: 0 stays 0.
  '%b': ({ request }) => text(request?.bytes),
}

/** A directive, or a word that may be a variable. */
const PART = /%>?.?|[a-z_]\w*(?:\.[\w-]*\w)*/gs

/** @throws Refusal */
export function readVersion1(format: string): Piece[] {
  const pieces: Piece[] = []
  let end = 0
  for (const match of format.matchAll(PART)) {
    const [part] = match
    const piece = part.startsWith('%') ? directive(part, match.index) : variable(part)
    if (piece === undefined) continue
    pieces.push(format.slice(end, match.index), piece)
    end = match.index + part.length
  }
  return [...pieces, format.slice(end)]
}

function directive(part: string, at: number): Piece {
  const known = DIRECTIVES[part]
  if (known !== undefined) return known
  throw new Refusal(at, `version 1 knows %h %l %u %t %r %>s %b and no "${part}"; version 2 knows more`)
}

/** A word that is no variable's name is text. */
function variable(word: string): Piece | undefined {
  if (word !== 'now' && !word.includes('.')) return undefined
  const name = findName(word)
  if (name === null) return undefined
  return (line) => print(name.type, name.read(line))
}

function text(value: Value | undefined): string {
  return value === null || value === undefined ? DASH : String(value)
}
