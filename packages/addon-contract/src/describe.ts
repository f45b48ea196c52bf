// An exchange as a report may show it: short, as text, and without secrets. Pure.
import type { Exchange, Headers } from './exchange.ts'

export interface DescribedExchange {
  what: string
  from: Exchange['from']
  sent: { method: string; url: string; headers: Record<string, string>; body: string }
  /** Null if there was no answer. */
  received: { status: number; headers: Record<string, string>; body: string } | null
  failure: string | null
  milliseconds: number
}

/** Headers that every exchange has and that no rule is about. */
const OMITTED = [
  'host',
  'date',
  'keep-alive',
  'accept-encoding',
  'accept-language',
  'sec-fetch-mode',
  'content-length',
]
/** Secrets of webhooks and of OAuth, in JSON and in forms, by the end of their names. */
const SECRET_FIELDS =
  /((?:secret|authorization|access_token|refresh_token)(?:=|"\s*:\s*"))[^&"\s]+(?: [^"]+)?/g
const BODY_CHARACTERS = 2_000

/** @param secrets the manifest's, which a report must not show */
export function describeExchange(exchange: Exchange, secrets: readonly string[]): DescribedExchange {
  const { what, from, request, answer, failure, durationMs } = exchange
  const clean = (text: string) => redact(text, secrets)
  return {
    what,
    from,
    sent: {
      method: request.method,
      url: clean(request.url),
      headers: headersOf(request.headers, clean),
      body: shortened(clean(request.body.toString())),
    },
    received: answer && {
      status: answer.status,
      headers: headersOf(answer.headers, clean),
      body: shortened(clean(answer.body.toString())),
    },
    failure,
    milliseconds: Math.round(durationMs),
  }
}

function redact(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '***')
  return clean
    .replace(/(\w:\/\/[^\s:@/]*:)[^\s@/]+@/g, '$1***@') // passwords in addresses
    .replace(SECRET_FIELDS, '$1***')
}

function headersOf(headers: Headers, clean: (text: string) => string): Record<string, string> {
  const shown: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || OMITTED.includes(name.toLowerCase())) continue
    const values = typeof value === 'string' ? [value] : value
    shown[name] = values.map((one) => clean(withoutSecret(name.toLowerCase(), one))).join(', ')
  }
  return shown
}

function withoutSecret(name: string, value: string): string {
  if (name === 'authorization') return value.replace(/^(\S+) .+$/, '$1 ***')
  if (name === 'set-cookie') return value.replace(/=[^;]*/, '=***')
  if (name === 'cookie') return value.replace(/=[^;]*/g, '=***')
  return value
}

/** Call it after redacting: half a secret is one too. */
function shortened(text: string): string {
  const { length } = text
  return length <= BODY_CHARACTERS ? text : `${text.slice(0, BODY_CHARACTERS)}… (${length} characters)`
}
