// The text of a line's field, as whoever reads or asks for it sees it. Pure.
import type { FramedLine } from '../logplex/framed-line.ts'

/**
 * A field of a line as it is stored and read back. What Postgres cannot hold as text is shown by stand-ins: U+2400 for NUL,
 * U+FFFD for bytes that are not UTF-8.
 */
export function shownText(body: Buffer, { isText }: FramedLine, start: number, end: number): string {
  const text = body.toString('utf8', start, end)
  return isText ? text : text.replaceAll('\0', '\u2400')
}
