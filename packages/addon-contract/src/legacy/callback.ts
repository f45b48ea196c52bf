// The callback_url of an asynchronous provision before version 3: the add-on sends its result there by PUT.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Exchange } from '../exchange.ts'
import { readBody } from '../loopback/read-body.ts'

export interface Callbacks {
  url: string
  /** Resolves with the calls so far, once there are `count` of them or after the timeout. */
  wait(count: number, timeoutMs: number): Promise<readonly Exchange[]>
  close(): Promise<void>
}

/** More than any test waits for. */
const MAX_CALLS = 20

export async function openCallbacks(): Promise<Callbacks> {
  const calls: Exchange[] = []
  let tell = () => {}

  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const at = Date.now()
    const startedAt = performance.now()
    const { method = '', url = '', headers } = request
    const body = await readBody(request)
    response.writeHead(200, { 'Content-Length': 0 }).end()
    if (calls.length === MAX_CALLS) return
    calls.push({
      what: 'the callback',
      from: 'add-on',
      at,
      request: { method, url, headers, body },
      answer: { status: 200, headers: {}, body: Buffer.alloc(0) },
      failure: null,
      durationMs: performance.now() - startedAt,
    })
    tell()
  }

  const server = createServer((request, response) => {
    take(request, response).catch(() => response.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}/callback/999`,
    async wait(count, timeoutMs) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutMs)
        tell = () => {
          if (calls.length < count) return
          clearTimeout(timer)
          resolve()
        }
        tell()
      })
      tell = () => {}
      return calls
    },
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
