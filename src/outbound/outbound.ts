// HTTP to addresses that customers configure, which may be wrong, hostile, or change at any time.
//
// * https only, and public hosts only. The check is on the very addresses that the connection is made to, so that a name
//   which resolves differently a moment later gains nothing.
// * A redirect is an error: following it would send the body, and a password, elsewhere.
// * One timeout over the whole call, and a bound on the answer.
// * An error names the host of an address and nothing else.
import { lookup as lookUpName } from 'node:dns'
import * as http from 'node:http'
import * as https from 'node:https'
import type { LookupFunction } from 'node:net'
import { startDeadline } from '../deadline.ts'
import { OutboundError } from './outbound-error.ts'
import { isPublicAddress } from './public-address.ts'
import { hostOf, readTargetUrl, type TargetRules } from './target-url.ts'

export interface OutboundCall {
  /** User and password in it are sent as HTTP Basic. */
  url: string
  method?: 'POST' | 'PUT' | 'GET'
  headers?: Record<string, string>
  body?: string | Uint8Array
  timeoutMs: number
  signal?: AbortSignal
}

export interface OutboundAnswer {
  status: number
  headers: http.IncomingHttpHeaders
  /** As UTF-8. */
  body: string
}

export interface Outbound {
  /** @throws OutboundError; every status but a redirect is an answer */
  call(call: OutboundCall): Promise<OutboundAnswer>
  /** Closes idle connections. */
  close(): void
}

export interface ResolvedAddress {
  address: string
  family: number
}

/** All addresses of a name. */
export type Resolve = (
  host: string,
  done: (error: Error | null, addresses: ResolvedAddress[]) => void,
) => void

export interface OutboundOptions extends TargetRules {
  /** Keeps connections open for the next call to the same host. */
  keepAlive?: boolean
  /** Calls in flight to one host; more wait, within their timeouts. */
  maxCallsToHost?: number
  /** Resolves names; by default as the machine does. */
  resolve?: Resolve
}

const MAX_ANSWER_BYTES = 64_000
const USER_AGENT = 'culvert'
const MAX_CALLS_TO_HOST = 20
const MAX_IDLE_SOCKETS = 20
const IDLE_MS = 30_000

export function createOutbound(options: OutboundOptions): Outbound {
  const lookup = guardedLookup(options)
  const keepAlive = options.keepAlive ?? false
  const maxSockets = options.maxCallsToHost ?? MAX_CALLS_TO_HOST
  const agentOptions = { keepAlive, maxSockets, maxFreeSockets: MAX_IDLE_SOCKETS, timeout: IDLE_MS }
  const agents = { 'http:': new http.Agent(agentOptions), 'https:': new https.Agent(agentOptions) }

  return {
    async call(call) {
      const url = readTargetUrl(call.url, options)
      const host = hostOf(url)
      const deadline = startDeadline(call.timeoutMs, call.signal)
      const isPlain = url.protocol === 'http:'
      try {
        const answer = await exchange(isPlain ? http.request : https.request, url, call, {
          agent: isPlain ? agents['http:'] : agents['https:'],
          lookup,
          signal: deadline.signal,
        })
        if (answer.status >= 300 && answer.status < 400) {
          throw new OutboundError(
            'redirected',
            `${host} answered ${answer.status}, a redirect; give the address it leads to`,
          )
        }
        return answer
      } catch (error) {
        if (error instanceof OutboundError) throw error
        if (deadline.isPast) throw new OutboundError('timeout', `${host} did not answer in time`)
        call.signal?.throwIfAborted()
        throw new OutboundError('unreachable', `${host} could not be reached (${codeOf(error)})`)
      } finally {
        deadline.end()
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy()
    },
  }
}

/**
 * The lookup for net.connect(), which connects to its answer and to nothing else. Not called for IP addresses, which
 * readTargetUrl has checked.
 */
function guardedLookup({ allowInside, resolve = resolveAll }: OutboundOptions): LookupFunction {
  return (host, { all }, done) => {
    resolve(host, (error, addresses) => {
      // One private address refuses the name: its owner has no reason to list one.
      const isInside = !allowInside && addresses?.some(({ address }) => !isPublicAddress(address))
      const [first] = addresses ?? []
      if (error !== null || first === undefined) done(error ?? noAddress(), '', 0)
      else if (isInside)
        done(new OutboundError('refused_address', `${host} leads to an address inside a network`), '', 0)
      else if (all) done(null, addresses)
      else done(null, first.address, first.family)
    })
  }
}

function resolveAll(host: string, done: Parameters<Resolve>[1]): void {
  lookUpName(host, { all: true, order: 'ipv4first' }, done)
}

function noAddress(): Error {
  return Object.assign(new Error('the name has no address'), { code: 'ENOTFOUND' })
}

function exchange(
  request: typeof https.request,
  url: URL,
  { method = 'POST', headers, body }: OutboundCall,
  options: Pick<https.RequestOptions, 'agent' | 'lookup' | 'signal'>,
): Promise<OutboundAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        ...options,
        method,
        headers: {
          'user-agent': USER_AGENT,
          ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
          ...headers,
        },
      },
      (incoming) => {
        readAnswer(incoming, hostOf(url)).then(resolve, (error) => {
          outgoing.destroy()
          reject(error)
        })
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}

async function readAnswer(incoming: http.IncomingMessage, host: string): Promise<OutboundAnswer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new OutboundError('too_large', `${host} answers without end`)
    chunks.push(chunk)
  }
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}

/** Codes of Node and OpenSSL (ECONNREFUSED, CERT_HAS_EXPIRED) name the cause and nothing of the address. */
function codeOf(error: unknown): string {
  const { code, cause } = error as { code?: unknown; cause?: unknown }
  if (typeof code === 'string' && /^[A-Z0-9_]{3,60}$/.test(code)) return code
  return cause === undefined ? 'the connection failed' : codeOf(cause)
}
