// Text -> query. There is no wrong query: what makes no sense as syntax is text, and a hint says so. Pure.
//
//   either = all { OR all }
//   all    = one { [AND] one }
//   one    = ( - | NOT ) one | ( either ) | term
import { and } from './and.ts'
import { not } from './not.ts'
import { or } from './or.ts'
import { phrase } from './phrase.ts'
import { print, type Query } from './query.ts'
import { type Hint, readTokens, type Token } from './tokens.ts'

export type { Hint }

export interface Parsed {
  query: Query
  hints: readonly Hint[]
}

/** Logplex cuts messages at so many bytes. */
const LOGPLEX_CHARACTERS = 10_000
/** Longer texts are cut: nobody typed them. */
export const MAX_CHARACTERS = 2_000

export function parse(typed: string): Parsed {
  const cut = typed.length > MAX_CHARACTERS
  // What no line can hold: half a letter of UTF-16, and NUL, of which the store shows the picture.
  const source = typed
    .slice(0, MAX_CHARACTERS)
    .replace(/[\ud800-\udfff]/gu, '\ufffd')
    .replaceAll('\0', '\u2400')
  const { tokens, hints, together } = readTokens(source)
  const parser = new Parser(source, tokens)
  const query = parser.all()
  const found = [...hints, ...parser.hints]
  if (together.characters < LOGPLEX_CHARACTERS) {
    const at = tokens.find((token) => token.kind === 'term' && isRegex(token.query))?.at ?? 0
    const text = `regular expressions this large are looked for in the first ${together.characters} characters of a line`
    found.push({ at, text })
  }
  found.sort((a, b) => a.at - b.at)
  if (cut) found.push({ at: MAX_CHARACTERS, text: `only the first ${MAX_CHARACTERS} characters were read` })
  return { query, hints: found }
}

function isRegex(query: Query): boolean {
  return query.kind === 'regex' || (query.kind === 'field' && query.test.kind === 'regex')
}

/** The text of a query in its one canonical form. */
export { print }

class Parser {
  readonly hints: Hint[] = []
  readonly #source: string
  readonly #tokens: readonly Token[]
  #next = 0

  constructor(source: string, tokens: readonly Token[]) {
    this.#source = source
    this.#tokens = tokens
  }

  all(): Query {
    return this.#either()
  }

  #either(): Query {
    const choices = [this.#conjunction()]
    while (this.#peek()?.kind === 'or') {
      this.#next++
      choices.push(this.#conjunction())
    }
    return or(choices)
  }

  #conjunction(): Query {
    const queries: Query[] = []
    for (let token = this.#peek(); token !== undefined && token.kind !== 'close'; token = this.#peek()) {
      const isOperator = token.kind === 'or' || token.kind === 'and'
      if (isOperator && queries.length > 0 && this.#canStart(this.#next + 1)) {
        if (token.kind === 'or') break
        this.#next++
      } else {
        queries.push(this.#one())
      }
    }
    return and(queries)
  }

  #one(): Query {
    const token = this.#tokens[this.#next++] as Token
    switch (token.kind) {
      case 'term':
        return token.query
      case 'not':
        return this.#canStart(this.#next) ? not(this.#one()) : this.#asText(token, 'this excludes nothing')
      case 'open':
        return this.#group(token)
      default:
        return this.#asText(token, 'there is nothing on one side of this')
    }
  }

  #group(open: Token): Query {
    if (this.#peek()?.kind === 'close') {
      this.#next++
      this.hints.push({ at: open.at, text: 'there is nothing in these parentheses; taken as text' })
      return phrase('()')
    }
    const query = this.#either()
    this.#next++
    return query
  }

  /** An operator that has nothing to work on. */
  #asText(token: Token, why: string): Query {
    this.hints.push({ at: token.at, text: `${why}; taken as text` })
    const text = /^-|[A-Z]+/.exec(this.#source.slice(token.at, token.at + 3))?.[0] ?? ''
    return phrase(text)
  }

  #canStart(at: number): boolean {
    const kind = this.#tokens[at]?.kind
    return kind === 'term' || kind === 'open' || kind === 'not'
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next]
  }
}
