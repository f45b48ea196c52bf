// What a log line can tell a format or a condition: its own fields and, where it carries one, an HTTP request. Pure.
//
// Heroku's router writes a request as key=value (Dev Center: HTTP routing, "Heroku router log format"); so do many
// programs, under the same names. Whatever the line does not say is null, and is rendered as a dash.
import { fieldValues } from '../query/line-fields.ts'
import type { Apps, SearchedLine } from '../query/line-view.ts'
import { MAX_WORK, type Reads } from '../query/re2.ts'
import { type AskedLine, searched } from '../query/searched-line.ts'

export interface HttpRequest {
  /** The first address of `forwardedFor`: what the client's own proxies say it is, if there are any. */
  client: string | null
  /** X-Forwarded-For as Heroku passed it on; its last address is the one that Heroku saw. */
  forwardedFor: string | null
  method: string
  /** Path and query. */
  url: string
  path: string
  /** Without its question mark; null where there is none. */
  query: string | null
  status: number | null
  bytes: number | null
  /** Connecting and serving. */
  elapsedMicros: number | null
  host: string | null
  requestId: string | null
  /** HTTP/1.1 */
  protocol: string | null
  isTls: boolean | null
  /** The connection broke before the answer was complete. */
  wasAborted: boolean
}

export interface LineFacts {
  readonly message: string
  readonly source: string | null
  readonly process: string | null
  readonly app: string | null
  readonly level: string | null
  readonly code: string | null
  readonly priority: number | null
  readonly drainId: number
  /** Microseconds since 1970. */
  readonly sentAt: number
  readonly serviceId: string
  readonly request: HttpRequest | null
  /** A key of the message, key=value or JSON by dotted path. */
  field(name: string): string | null
  readonly reads: Reads
}

export function lineFacts(line: AskedLine, serviceId: string, apps?: Apps): LineFacts {
  const asked = searched(line, apps)
  const field = (name: string) => fieldValues(name.toLowerCase(), asked)[0] ?? null
  let request: HttpRequest | null | undefined
  return {
    message: line.message,
    source: line.source,
    process: line.process,
    app: apps?.get(line.drainId) ?? null,
    get level() {
      return asked.level ?? null
    },
    get code() {
      return field('code')
    },
    priority: line.priority,
    drainId: line.drainId,
    get sentAt() {
      return asked.sentAtMicros
    },
    serviceId,
    get request() {
      if (request === undefined) request = readRequest(asked)
      return request
    },
    field,
    reads: { left: MAX_WORK },
  }
}

const METHOD = /^[A-Z][A-Z-]{1,19}$/
/** H18 server request interrupted, H27 client request interrupted, H28 client connection idle. */
const ABORTED = new Set(['H18', 'H27', 'H28'])

function readRequest(line: SearchedLine): HttpRequest | null {
  const text = (name: string) => fieldValues(name, line)[0] || null
  const method = text('method')
  const url = text('path')
  if (method === null || url === null || !METHOD.test(method)) return null
  const [path, query] = cut(url, '?')
  const forwardedFor = text('fwd')
  const protocol = text('protocol')?.toLowerCase() ?? null
  const connect = readMicros(text('connect'))
  const service = readMicros(text('service'))
  return {
    client: forwardedFor === null ? null : cut(forwardedFor, ',')[0].trim() || null,
    forwardedFor,
    method,
    url,
    path,
    query,
    status: readWhole(text('status'), /^[1-9]\d\d$/),
    bytes: readWhole(text('bytes'), /^\d{1,15}$/),
    elapsedMicros: connect === null && service === null ? null : (connect ?? 0) + (service ?? 0),
    host: text('host'),
    requestId: text('request_id'),
    protocol: readProtocol(protocol),
    isTls: protocol === null ? null : protocol.startsWith('https') || text('tls') === 'true',
    wasAborted: ABORTED.has(line.codes[0] ?? ''),
  }
}

/**
 * Router 2.0 says `protocol=http1.1 tls=true`; the one before said `http` or `https`, and spoke HTTP/1.1 alone.
 */
function readProtocol(protocol: string | null): string | null {
  if (protocol === null) return null
  const version = /^http[s/]?\/?(\d(?:\.\d)?)$/.exec(protocol)?.[1]
  if (version !== undefined) return `HTTP/${version}`
  return protocol === 'http' || protocol === 'https' ? 'HTTP/1.1' : null
}

/** `1ms`, `0.5ms`, `2s`; empty where there was nothing to time. */
function readMicros(text: string | null): number | null {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,6})?)(ms|s|us|µs)$/.exec(text ?? '') ?? []
  if (number === undefined) return null
  return Math.round(Number(number) * (unit === 's' ? 1_000_000 : unit === 'ms' ? 1_000 : 1))
}

function readWhole(text: string | null, shape: RegExp): number | null {
  return text !== null && shape.test(text) ? Number(text) : null
}

function cut(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator)
  return at === -1 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}
