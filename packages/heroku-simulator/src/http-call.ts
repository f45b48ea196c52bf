// One HTTP request with exactly the given headers in their order: receivers distinguish senders by them, and fetch()
// would add five headers.
import { type Agent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface HttpCall {
  method: string
  url: string
  /** Without Host and without Content-Length, which are added first and last. */
  headers: [name: string, value: string][]
  /** Several buffers are sent as chunks. */
  body?: Buffer | Buffer[]
  timeoutMs: number
  /** An origin to connect to instead of that of `url`. For development. */
  deliverTo?: string | undefined
  agent?: Agent | undefined
}

export interface HttpAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** Bounds an answer, which an add-on may send without end. */
const ANSWER_LIMIT_BYTES = 10_000_000

/** @throws Error if there is no complete answer: refused, reset, too large, or a timeout */
export function callHttp(call: HttpCall): Promise<HttpAnswer> {
  const advertised = new URL(call.url)
  const dialled = call.deliverTo === undefined ? advertised : new URL(call.deliverTo)
  const chunks = Array.isArray(call.body) ? call.body : [call.body ?? Buffer.alloc(0)]
  const isChunked = Array.isArray(call.body)
  const length = isChunked || chunks[0]?.length === 0 ? [] : [['Content-Length', String(chunks[0]?.length)]]
  return new Promise((resolve, reject) => {
    const request = (dialled.protocol === 'https:' ? requestHttps : requestHttp)({
      method: call.method,
      host: dialled.hostname.replace(/^\[|\]$/g, ''),
      port: dialled.port,
      path: `${advertised.pathname}${advertised.search}`,
      setHost: false,
      headers: Object.fromEntries([['Host', advertised.host], ...call.headers, ...length]),
      agent: call.agent ?? false,
    })
    if (!call.headers.some(([name]) => name.toLowerCase() === 'connection'))
      request.removeHeader('Connection')
    const timer = setTimeout(() => request.destroy(new Error('timeout')), call.timeoutMs)
    const fail = (error: Error) => {
      clearTimeout(timer)
      reject(error)
    }
    request.on('error', fail)
    request.on('response', (response) => {
      const parts: Buffer[] = []
      response.on('error', fail)
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > ANSWER_LIMIT_BYTES) request.destroy(new Error('the answer is too large'))
        else parts.push(part)
      })
      response.on('end', () => {
        clearTimeout(timer)
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
      })
    })
    for (const chunk of chunks) if (chunk.length > 0) request.write(chunk)
    request.end()
  })
}

export function basicAuth(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

/** Removes the userinfo from a URL and decodes it, as every client except Logplex does. */
export function splitCredentials(url: string): { url: string; authorization: string | null } {
  const parts = new URL(url)
  const { username, password } = parts
  if (username === '' && password === '') return { url, authorization: null }
  parts.username = ''
  parts.password = ''
  return {
    url: parts.href,
    authorization: basicAuth(decodeURIComponent(username), decodeURIComponent(password)),
  }
}
