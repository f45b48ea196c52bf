// One POST of frames to a Logplex, and its status. Length known, never chunked (Logplex' inputs do not take it), no
// redirect followed, the answer's body bounded by not being read. Knows nothing of addresses: who calls has made sure
// that this one may be told what is sent.
import { type Agent, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'

export interface FramePost {
  /** Without credentials: they are in `authorization`, and an address ends up in errors. */
  url: URL
  /** `Basic …`; null where there is none. */
  authorization: string | null
  /** Each with its octet count. */
  frames: readonly Buffer[]
  userAgent: string
  /** Keeps connections, and may decide whom they go to. */
  agent: Agent
  timeoutMs: number
  signal?: AbortSignal
  /** Beside those that every post has. */
  headers?: Record<string, string>
}

/**
 * Resolves with the status, whatever it is.
 *
 * @throws Error where no answer came: with a code or a few words, and nothing of what was sent
 */
export function postFrames(post: FramePost): Promise<number> {
  const body = Buffer.concat(post.frames)
  const request = (post.url.protocol === 'https:' ? requestHttps : requestHttp)(post.url, {
    method: 'POST',
    agent: post.agent,
    headers: {
      'Content-Type': 'application/logplex-1',
      'Content-Length': body.length,
      'Logplex-Msg-Count': post.frames.length,
      'User-Agent': post.userAgent,
      ...(post.authorization !== null && { Authorization: post.authorization }),
      ...post.headers,
    },
    ...(post.signal !== undefined && { signal: post.signal }),
  })
  return new Promise((resolve, reject) => {
    // Over all of it: connecting, sending, waiting, and whatever the answer's body may be.
    const timer = setTimeout(() => request.destroy(new Error('no answer in time')), post.timeoutMs)
    request.on('close', () => clearTimeout(timer))
    request.on('error', (error: NodeJS.ErrnoException) => reject(new Error(error.code ?? error.message)))
    request.on('response', (response) => {
      // Read to its end, so that the connection can be used again.
      response.on('error', () => {})
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    request.end(body)
  })
}

/** Takes the credentials out of an address: `https://token:t.…@1.us.logplex.io/logs`. */
export function splitCredentials(address: string): { url: URL; authorization: string | null } {
  const url = new URL(address)
  const [user, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = ''
  url.password = ''
  const authorization =
    user === '' && password === '' ? null : `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  return { url, authorization }
}
