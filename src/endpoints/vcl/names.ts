// The VCL names that a format or a condition may use, and what each is of a log line. Pure.
//
// A log line knows less than a cache server. Names that Fastly documents and no log line can tell (the cache's state,
// where the client lives, how it spoke TLS) are known by family, so that formats made for Fastly are taken as they
// are; they have no value. A name that nobody documents is a typing mistake, and refused.
import { STATUS_CODES } from 'node:http'
import type { HttpRequest, LineFacts } from '../line-facts.ts'
import type { Type, Value } from './expression.ts'

export interface Name {
  type: Type
  read(line: LineFacts): Value
}

const unknown = () => null

function ofRequest(read: (request: HttpRequest, line: LineFacts) => Value): Name['read'] {
  return (line) => (line.request === null ? null : read(line.request, line))
}

const elapsed = ofRequest((request) => request.elapsedMicros)
/** Heroku's router writes its line when the answer is through. */
const ended = (line: LineFacts) => line.sentAt
const started = (line: LineFacts) => line.sentAt - ((elapsed(line) as number | null) ?? 0)

const KNOWN: Record<string, Name> = {
  __proto__: null as never,
  'client.ip': { type: 'string', read: ofRequest((request) => request.client) },
  'client.identity': { type: 'string', read: ofRequest((request) => request.client) },
  'req.method': { type: 'string', read: ofRequest((request) => request.method) },
  'req.request': { type: 'string', read: ofRequest((request) => request.method) },
  'req.url': { type: 'string', read: ofRequest((request) => request.url) },
  'req.url.path': { type: 'string', read: ofRequest((request) => request.path) },
  'req.url.qs': { type: 'string', read: ofRequest((request) => request.query ?? '') },
  'req.url.basename': {
    type: 'string',
    read: ofRequest(({ path }) => path.slice(path.lastIndexOf('/') + 1)),
  },
  'req.url.dirname': {
    type: 'string',
    read: ofRequest(({ path }) => path.slice(0, path.lastIndexOf('/')) || '/'),
  },
  'req.url.ext': { type: 'string', read: ofRequest(({ path }) => /\.([^./]*)$/.exec(path)?.[1] ?? '') },
  'req.proto': { type: 'string', read: ofRequest((request) => request.protocol) },
  'req.protocol': {
    type: 'string',
    read: ofRequest(({ isTls }) => (isTls === null ? null : isTls ? 'https' : 'http')),
  },
  'req.is_ssl': { type: 'bool', read: ofRequest((request) => request.isTls) },
  'req.service_id': { type: 'string', read: (line) => line.serviceId },
  'resp.status': { type: 'integer', read: ofRequest((request) => request.status) },
  'resp.response': {
    type: 'string',
    read: ofRequest(({ status }) => (status === null ? null : (STATUS_CODES[status] ?? null))),
  },
  'resp.proto': { type: 'string', read: ofRequest((request) => request.protocol) },
  'resp.completed': { type: 'bool', read: ofRequest((request) => !request.wasAborted) },
  'resp.body_bytes_written': { type: 'integer', read: ofRequest((request) => request.bytes) },
  'resp.bytes_written': { type: 'integer', read: ofRequest((request) => request.bytes) },
  now: { type: 'time', read: ended },
  'now.sec': { type: 'integer', read: (line) => Math.floor(ended(line) / 1e6) },
  ...timeNames('time.start', started),
  ...timeNames('time.end', ended),
  'time.elapsed': { type: 'duration', read: (line) => scaled(elapsed(line), (micros) => micros / 1e6) },
  'time.elapsed.sec': {
    type: 'integer',
    read: (line) => scaled(elapsed(line), (micros) => micros / 1e6, true),
  },
  'time.elapsed.msec': {
    type: 'integer',
    read: (line) => scaled(elapsed(line), (micros) => micros / 1e3, true),
  },
  'time.elapsed.usec': { type: 'integer', read: elapsed },
  'time.elapsed.msec_frac': { type: 'string', read: (line) => fraction(elapsed(line), 3) },
  'time.elapsed.usec_frac': { type: 'string', read: (line) => fraction(elapsed(line), 6) },
  // A line passes here once, and was never sent back to the start.
  'fastly.ff.visits_this_service': { type: 'integer', read: () => 0 },
  'fastly.ff.visits_this_pop': { type: 'integer', read: () => 0 },
  'req.restarts': { type: 'integer', read: () => 0 },
  'obj.hits': { type: 'integer', read: unknown },
  'obj.lastuse': { type: 'duration', read: unknown },
  'obj.age': { type: 'duration', read: unknown },
  'obj.ttl': { type: 'duration', read: unknown },
  'beresp.ttl': { type: 'duration', read: unknown },
  'beresp.status': { type: 'integer', read: unknown },
  'time.to_first_byte': { type: 'duration', read: unknown },
  'req.bytes_read': { type: 'integer', read: unknown },
  'req.header_bytes_read': { type: 'integer', read: unknown },
  'req.body_bytes_read': { type: 'integer', read: unknown },
  'resp.header_bytes_written': { type: 'integer', read: unknown },

  // Ours: what a log line is beside a request.
  'line.message': { type: 'string', read: (line) => line.message },
  'line.source': { type: 'string', read: (line) => line.source },
  'line.process': { type: 'string', read: (line) => line.process },
  'line.app': { type: 'string', read: (line) => line.app },
  'line.level': { type: 'string', read: (line) => line.level },
  'line.code': { type: 'string', read: (line) => line.code },
  'line.priority': { type: 'integer', read: (line) => line.priority },
  'line.severity': { type: 'integer', read: ({ priority }) => (priority === null ? null : priority & 7) },
  'line.facility': { type: 'integer', read: ({ priority }) => (priority === null ? null : priority >> 3) },
  'line.drain': { type: 'integer', read: (line) => line.drainId },
}

/** Families that Fastly documents (VCL reference: variables) and no log line tells of: all of them, or some names. */
const FAMILIES = new Set(
  (
    'geoip tls quic server fastly fastly_info obj bereq beresp backend stale segmented_caching waf workspace ' +
    'transport math'
  ).split(' '),
)
const IN_FAMILY: Record<string, RegExp> = {
  __proto__: null as never,
  client: /^(?:as|geo|bot|browser|class|display|platform|os|port|requests|socket|sess_timeout)\b/,
  req: /^(?:backend|topurl|vcl|xid|grace|hash|digest|customer_id|enable|is_\w+|max|postbody|body|esi)\b/,
  resp: /^(?:stale|is_locally_generated|tarpit)\b/,
}

function isDocumented(name: string): boolean {
  const dot = name.indexOf('.')
  if (dot === -1) return false
  const family = name.slice(0, dot)
  return FAMILIES.has(family) || IN_FAMILY[family]?.test(name.slice(dot + 1)) === true
}

/** What a name means; null where there is no such name. Names are in lower case, those of headers in any. */
export function findName(text: string): Name | null {
  const known = KNOWN[text]
  if (known) return known
  const [, family, rest] = /^(req\.http|resp\.http|line\.field)\.(.+)$/.exec(text) ?? []
  if (family === 'req.http') return { type: 'string', read: requestHeader(rest as string) }
  if (family === 'resp.http') return { type: 'string', read: responseHeader(rest as string) }
  if (family === 'line.field') return { type: 'string', read: (line) => line.field(rest as string) }
  return isDocumented(text) ? { type: 'string', read: unknown } : null
}

const REQUEST_HEADERS: Record<string, (request: HttpRequest) => string | null> = {
  __proto__: null as never,
  host: (request) => request.host,
  'fastly-orig-host': () => null,
  'fastly-client-ip': (request) => request.client,
  'x-forwarded-for': (request) => request.forwardedFor,
  'x-request-id': (request) => request.requestId,
  'x-forwarded-proto': ({ isTls }) => (isTls === null ? null : isTls ? 'https' : 'http'),
}

/** One that the router tells of, or else a field of the message of that name, as programs write them: user_agent=… */
export function requestHeader(header: string): Name['read'] {
  const name = header.toLowerCase()
  const told = REQUEST_HEADERS[name]
  if (told) return ofRequest(told)
  if (name.includes(':')) return unknown
  const underscored = name.replaceAll('-', '_')
  return ofRequest((_request, line) => line.field(name) ?? line.field(underscored))
}

/** Of an answer's headers the router tells none but how long the body was. */
export function responseHeader(header: string): Name['read'] {
  if (header.toLowerCase() !== 'content-length') return unknown
  return ofRequest(({ bytes }) => (bytes === null ? null : String(bytes)))
}

export { ended, started }

function timeNames(name: string, read: (line: LineFacts) => number): Record<string, Name> {
  return {
    [name]: { type: 'time', read },
    [`${name}.sec`]: { type: 'integer', read: (line) => Math.floor(read(line) / 1e6) },
    [`${name}.msec`]: { type: 'integer', read: (line) => Math.floor(read(line) / 1e3) },
    [`${name}.usec`]: { type: 'integer', read },
    [`${name}.msec_frac`]: { type: 'string', read: (line) => fraction(read(line), 3) },
    [`${name}.usec_frac`]: { type: 'string', read: (line) => fraction(read(line), 6) },
  }
}

function scaled(micros: Value, scale: (micros: number) => number, whole = false): Value {
  if (typeof micros !== 'number') return null
  return whole ? Math.floor(scale(micros)) : scale(micros)
}

/** The first digits behind the point of the second. */
function fraction(micros: Value, digits: number): Value {
  if (typeof micros !== 'number') return null
  return (micros - Math.floor(micros / 1e6) * 1e6).toString().padStart(6, '0').slice(0, digits)
}
