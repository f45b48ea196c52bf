// Sends a request exactly as given, and records the answer.
import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { callHttp } from 'heroku-simulator'
import type { Exchange } from './exchange.ts'

export interface Request {
  what: string
  method: string
  url: string
  headers: [name: string, value: string][]
  body?: Buffer | string
  timeoutMs?: number
  /** Connects to this origin; the Host header stays that of `url`. */
  deliverTo?: string | undefined
}

export interface Sender {
  /** Resolves even without an answer. */
  send(request: Request): Promise<Exchange>
  close(): void
}

/** @param timeoutMs the default for an answer */
export function createSender(timeoutMs: number, checksCertificates: boolean): Sender {
  const plain = new Agent({ keepAlive: true })
  const tls = new TlsAgent({ keepAlive: true, rejectUnauthorized: checksCertificates })
  return {
    async send({ what, method, url, headers, body = '', deliverTo, ...request }) {
      const bytes = Buffer.from(body)
      const recorded = {
        what,
        from: 'heroku' as const,
        at: Date.now(),
        request: { method, url, headers: Object.fromEntries(headers), body: bytes },
      }
      const startedAt = performance.now()
      try {
        const isTls = new URL(deliverTo ?? url).protocol === 'https:'
        const answer = await callHttp({
          method,
          url,
          headers,
          body: bytes,
          timeoutMs: request.timeoutMs ?? timeoutMs,
          deliverTo,
          agent: isTls ? tls : plain,
        })
        return { ...recorded, answer, failure: null, durationMs: performance.now() - startedAt }
      } catch (error) {
        const failure = (error as Error).message || String((error as { code?: unknown }).code)
        return { ...recorded, answer: null, failure, durationMs: performance.now() - startedAt }
      }
    },
    close() {
      plain.destroy()
      tls.destroy()
    },
  }
}
