// A receiver on loopback that records the bytes of every request and has scripted answers. Bare sockets, because tests
// compare the bytes on the wire.
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export type Answer = (socket: Socket) => void

export interface ScriptedReceiver {
  origin: string
  /** Whole requests, in the order of their last byte. */
  requests: Buffer[]
  connections: number
  /** Resolves when `count` requests have arrived. */
  received(count: number): Promise<void>
  close(): Promise<void>
}

/** The n-th request gets the n-th answer; later requests get the last one. */
export async function startReceiver(answers: Answer[], port = 0): Promise<ScriptedReceiver> {
  const sockets = new Set<Socket>()
  const waiters: { count: number; resolve: () => void }[] = []
  const server = createServer((socket) => {
    receiver.connections++
    sockets.add(socket)
    let buffer = Buffer.alloc(0)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (bytes) => {
      buffer = Buffer.concat([buffer, bytes])
      for (let length = requestLength(buffer); length > 0; length = requestLength(buffer)) {
        receiver.requests.push(buffer.subarray(0, length))
        buffer = buffer.subarray(length)
        answers[Math.min(receiver.requests.length, answers.length) - 1]?.(socket)
      }
      for (const { count, resolve } of waiters) if (receiver.requests.length >= count) resolve()
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')

  const receiver: ScriptedReceiver = {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    connections: 0,
    received: (count) =>
      new Promise((resolve) => {
        if (receiver.requests.length >= count) resolve()
        else waiters.push({ count, resolve })
      }),
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return receiver
}

export const answer = {
  status:
    (status: number): Answer =>
    (socket) =>
      socket.write(`HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`),
  raw:
    (bytes: string): Answer =>
    (socket) =>
      socket.write(bytes),
  /** Answers 200, says that it closes, and closes both ways as servers do. */
  andClose: ((socket) => {
    socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
    socket.destroySoon()
  }) satisfies Answer,
  chunked: ((socket) =>
    socket.write(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    )) satisfies Answer,
  never: (() => {}) satisfies Answer,
  drop: ((socket) => socket.destroy()) satisfies Answer,
}

/** The length of the first whole request in the buffer, or 0. */
function requestLength(buffer: Buffer): number {
  const bodyStart = buffer.indexOf('\r\n\r\n') + 4
  if (bodyStart === 3) return 0
  const head = buffer.toString('latin1', 0, bodyStart)
  if (/^transfer-encoding: chunked\r$/im.test(head)) {
    const end = buffer.indexOf('\r\n0\r\n\r\n', bodyStart)
    return end === -1 ? 0 : end + 7
  }
  const length = bodyStart + Number(/^content-length: (\d+)\r$/im.exec(head)?.[1] ?? 0)
  return buffer.length >= length ? length : 0
}
