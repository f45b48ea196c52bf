// A format string, compiled once and rendered for many lines. Pure.
//
// Whatever a line holds, what comes out is one line: a message ends at a newline (Fastly: log streaming), and a frame
// of ours must not hold two.
import type { LineFacts } from '../line-facts.ts'
import { MAX_TEXT } from '../vcl/expression.ts'
import { readVersion1 } from './version-1.ts'
import { readVersion2 } from './version-2.ts'

export type FormatVersion = 1 | 2

export interface Format {
  render(line: LineFacts): string
}

/** The longest format that Fastly takes. */
export const MAX_FORMAT_CHARACTERS = 12_288

/** @throws Refusal */
export function compileFormat(text: string, version: FormatVersion): Format {
  const pieces = version === 1 ? readVersion1(text) : readVersion2(text)
  return {
    render(line) {
      let rendered = ''
      for (const piece of pieces) {
        rendered += typeof piece === 'string' ? piece : piece(line)
        if (rendered.length > MAX_TEXT) break
      }
      return onOneLine(rendered.slice(0, MAX_TEXT))
    },
  }
}

/** Line ends, and the other characters that some reader takes for one: VT, FF, NEL, LS, PS. */
const LINE_ENDS = /[\r\n\v\f\u0085\u2028\u2029]+/g

function onOneLine(text: string): string {
  return text.replace(LINE_ENDS, ' ').replaceAll('\0', '\u2400')
}
