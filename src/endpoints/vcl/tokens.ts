// The text of a VCL expression, cut into what its grammar knows. Pure.
import { Refusal } from '../refusal.ts'

export type Token =
  | { kind: 'name'; at: number; text: string }
  | { kind: 'string'; at: number; text: string }
  | { kind: 'number'; at: number; number: number; isWhole: boolean }
  /** `10s`, `1.5m`: VCL's RTIME, in seconds. */
  | { kind: 'duration'; at: number; seconds: number }
  | { kind: 'operator'; at: number; text: string }
  | { kind: 'end'; at: number }

const SPACE = /\s*/y
/** `req.http.User-Agent`, `req.http.Cookie:session`, `json.escape`: dashes may stand in what follows a dot. */
const NAME = /[A-Za-z_]\w*(?:\.[\w-]+)*(?::[\w-]+)?/y
const NUMBER = /(-?\d+(?:\.\d+)?)(ms|s|m|h|d|y)?(?![\w.])/y
const OPERATOR = /==|!=|<=|>=|!~|&&|\|\||[<>~!(),+]/y
const SHORT_STRING = /"([^"\n]*)"/y
/** `{"…"}`, or `{x"…"x}` for a text that holds `"}`. */
const LONG_STRING = /\{(\w*)"(.*?)"\1\}/sy
const SECONDS: Record<string, number> = { ms: 0.001, s: 1, m: 60, h: 3_600, d: 86_400, y: 31_536_000 }

/** @throws Refusal */
export function readTokens(text: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  const take = (shape: RegExp): RegExpExecArray | null => {
    shape.lastIndex = at
    const match = shape.exec(text)
    if (match) at = shape.lastIndex
    return match
  }
  for (;;) {
    take(SPACE)
    const start = at
    if (start === text.length) return [...tokens, { kind: 'end', at: start }]
    const name = take(NAME)
    if (name) {
      tokens.push({ kind: 'name', at: start, text: name[0] })
      continue
    }
    const short = take(SHORT_STRING)
    if (short) {
      tokens.push({ kind: 'string', at: start, text: withoutPercents(short[1] as string) })
      continue
    }
    const long = take(LONG_STRING)
    if (long) {
      tokens.push({ kind: 'string', at: start, text: long[2] as string })
      continue
    }
    const number = take(NUMBER)
    if (number) {
      const [, digits = '', unit] = number
      tokens.push(
        unit === undefined
          ? { kind: 'number', at: start, number: Number(digits), isWhole: !digits.includes('.') }
          : { kind: 'duration', at: start, seconds: Number(digits) * (SECONDS[unit] as number) },
      )
      continue
    }
    const operator = take(OPERATOR)
    if (!operator) throw new Refusal(start, whyNot(text, start))
    tokens.push({ kind: 'operator', at: start, text: operator[0] })
  }
}

function whyNot(text: string, at: number): string {
  if (text[at] === '"' || text[at] === '{') return 'this text is never closed'
  if (text[at] === '=') return 'one "=" compares nothing; write "=="'
  return `"${String.fromCodePoint(text.codePointAt(at) as number)}" has no meaning here`
}

/** In a short string `%22` is a quote and `%u0041` or `%u{1f600}` a character (Fastly: VCL, "Strings"). */
function withoutPercents(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(
    /((?:%[0-9a-f]{2})+)|%u([0-9a-f]{4})|%u\{([0-9a-f]{1,6})\}/gi,
    (all, bytes: string | undefined, four: string | undefined, some: string | undefined) => {
      if (bytes !== undefined) return Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('utf8')
      const point = Number.parseInt((four ?? some) as string, 16)
      return point <= 0x10ffff ? String.fromCodePoint(point) : all
    },
  )
}
