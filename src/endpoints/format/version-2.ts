// Version 2 of Fastly's format strings: Apache's directives, and `%{…}V` for an expression of VCL. Pure.
//
// Sources: Fastly, "Custom log formats"; Apache, mod_log_config; and what endpoints were seen to write: `%l` and `%u`
// print their dash with the quotes that the documents show, `%t` brings its brackets.
import type { HttpRequest, LineFacts } from '../line-facts.ts'
import { Refusal } from '../refusal.ts'
import { DASH, print, type Value } from '../vcl/expression.ts'
import { ended, requestHeader, responseHeader, started } from '../vcl/names.ts'
import { Budget, parseExpression } from '../vcl/parse.ts'
import { compileStrftime, printClfTime } from '../vcl/strftime.ts'
import type { Piece } from './piece.ts'

const plain: Record<string, Piece> = {
  __proto__: null as never,
  '%': '%',
  a: ofRequest((request) => request.client),
  A: DASH,
  B: ofRequest((request) => request.bytes),
  b: ofRequest(({ bytes }) => bytes || null),
  D: ofRequest((request) => request.elapsedMicros),
  f: ofRequest((request) => request.path),
  h: ofRequest((request) => request.client),
  H: ofRequest((request) => request.protocol),
  I: DASH,
  k: '0',
  l: '"-"',
  m: ofRequest((request) => request.method),
  O: ofRequest((request) => request.bytes),
  p: '80',
  P: DASH,
  q: ofRequest(({ query }) => (query === null ? '' : `?${query}`)),
  r: ofRequest(requestLine),
  R: DASH,
  s: ofRequest((request) => request.status),
  t: (line) => printClfTime(started(line)),
  T: ofRequest(({ elapsedMicros }) => (elapsedMicros === null ? null : Math.floor(elapsedMicros / 1e6))),
  u: '"-"',
  U: ofRequest((request) => request.path),
  v: ofRequest((request) => request.host),
  V: ofRequest((request) => request.host),
  // Whether the connection was kept is nothing that the router tells.
  X: ofRequest(({ wasAborted }) => (wasAborted ? 'X' : null)),
}

/** Those with an argument, by the letter behind it. */
const withArgument: Record<string, (argument: Argument, budget: Budget) => Piece> = {
  __proto__: null as never,
  C: () => DASH,
  e: () => DASH,
  i: ({ text }) => ofLine(requestHeader(text)),
  n: () => DASH,
  o: ({ text }) => ofLine(responseHeader(text)),
  p: port,
  P: () => DASH,
  t: time,
  V: expression,
}

/** What stands between the braces, without its backslashes, and where each character of it stands in the format. */
interface Argument {
  text: string
  /** Of the brace that opens it. */
  at: number
  places: readonly number[]
  /** Behind the brace that closes it. */
  end: number
}

/** @throws Refusal */
export function readVersion2(format: string): Piece[] {
  const pieces: Piece[] = []
  const budget = new Budget()
  let end = 0
  for (let at = format.indexOf('%'); at !== -1; at = format.indexOf('%', end)) {
    pieces.push(format.slice(end, at))
    const read = readDirective(format, at, budget)
    pieces.push(read.piece)
    end = read.end
  }
  return [...pieces, format.slice(end)]
}

function readDirective(format: string, at: number, budget: Budget): { piece: Piece; end: number } {
  if (format.startsWith('%>s', at)) return { piece: plain.s as Piece, end: at + 3 }
  if (format[at + 1] === '{') {
    const argument = readArgument(format, at + 1)
    const letter = format[argument.end]
    const make = withArgument[letter ?? '']
    if (!make)
      throw new Refusal(
        at,
        letter === undefined ? 'a letter is missing behind "}"' : `there is no %{…}${letter}`,
      )
    return { piece: make(argument, budget), end: argument.end + 1 }
  }
  const letter = format[at + 1]
  const piece = plain[letter ?? '']
  if (piece !== undefined) return { piece, end: at + 2 }
  if (letter === undefined) throw new Refusal(at, 'a percent sign ends the format; "%%" prints one')
  if (withArgument[letter]) throw new Refusal(at, `%${letter} needs a name: %{name}${letter}`)
  throw new Refusal(at, `there is no directive "%${letter}"`)
}

/** Inside, `\{` and `\}` are braces and a backslash before anything else is itself. */
function readArgument(format: string, open: number): Argument {
  let text = ''
  const places: number[] = []
  for (let at = open + 1; at < format.length; at++) {
    const isEscape = format[at] === '\\' && (format[at + 1] === '{' || format[at + 1] === '}')
    if (format[at] === '}') return { text, at: open, places, end: at + 1 }
    if (isEscape) at++
    text += format[at]
    places.push(at)
  }
  throw new Refusal(open - 1, '"%{" is never closed')
}

function port({ text, at }: Argument): Piece {
  if (text !== 'canonical' && text !== 'local' && text !== 'remote') {
    throw new Refusal(at, 'a port is canonical, local or remote')
  }
  return ofRequest(({ isTls }) => (isTls ? 443 : 80))
}

/** `%{%Y-%m-%d}t`, `%{end:%H:%M:%S}t`: without a prefix it is when the request began. */
function time({ text, at, places }: Argument): Piece {
  const [, prefix = '', shape = ''] = /^(begin:|end:)?(.*)$/s.exec(text) ?? []
  const printed = compileStrftime(shape)
  if (typeof printed !== 'function') {
    const wrong = shape.slice(printed.wrongAt, printed.wrongAt + 2)
    throw new Refusal(places[prefix.length + printed.wrongAt] ?? at, `a time has no conversion "${wrong}"`)
  }
  const moment = prefix === 'end:' ? ended : started
  return (line) => printed(moment(line))
}

function expression({ text, places, end }: Argument, budget: Budget): Piece {
  try {
    const { type, evaluate } = parseExpression(text, budget)
    return (line) => print(type, evaluate(line))
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    throw new Refusal(places[error.at] ?? end - 1, error.reason)
  }
}

function requestLine({ method, url, protocol }: HttpRequest): string {
  return protocol === null ? `${method} ${url}` : `${method} ${url} ${protocol}`
}

function ofRequest(read: (request: HttpRequest) => Value): Piece {
  return ({ request }) => {
    const value = request === null ? null : read(request)
    return value === null ? DASH : String(value)
  }
}

function ofLine(read: (line: LineFacts) => Value): Piece {
  return (line) => print('string', read(line))
}
