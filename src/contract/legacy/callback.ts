// Where an asynchronous add-on of old sends what it provisioned: PUT to the callback_url of its request.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../exchange.ts'

export interface Callback {
  url: string
  /** The first call that came, or comes within the time; null where none does. */
  wait(timeoutMs: number): Promise<Exchange | null>
  close(): Promise<void>
}

const BODY_LIMIT_BYTES = 1_000_000

export async function openCallback(): Promise<Callback> {
  let first: Exchange | null = null
  let tell: () => void = () => {}
  const came = new Promise<void>((resolve) => {
    tell = resolve
  })
  const server = createServer(async (request, response) => {
    const at = Date.now()
    const startedAt = performance.now()
    const { method = '', url = '', headers } = request
    const chunks: Buffer[] = []
    let bytes = 0
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) {
        bytes += chunk.length
        if (bytes > BODY_LIMIT_BYTES) throw new Error('too large')
        chunks.push(chunk)
      }
    } catch {
      response.destroy()
      return
    }
    response.writeHead(200, { 'Content-Length': 0 }).end()
    first ??= {
      what: 'the callback',
      from: 'add-on',
      at,
      request: { method, url, headers, body: Buffer.concat(chunks) },
      answer: { status: 200, headers: {}, body: Buffer.alloc(0) },
      failure: null,
      durationMs: performance.now() - startedAt,
    }
    tell()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/callback/999`,
    async wait(timeoutMs) {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, timeoutMs)
      })
      await Promise.race([came, late])
      clearTimeout(timer)
      return first
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
