// Takes whatever log endpoints send, and does as little as it can: like the load generator it has of the machine what the
// service does not have. One request at a time on a connection, each with its length, as ours are.
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Scope } from './scope.ts'

export interface LogReceiver {
  url: string
  /** As announced. */
  readonly frames: number
}

const HEAD_END = '\r\n\r\n'
const TAKEN = 'HTTP/1.1 204 No Content\r\n\r\n'

export async function startLogReceiver(scope: Scope): Promise<LogReceiver> {
  let frames = 0
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket)
    let head = ''
    let bodyLeft = 0
    socket.on('data', (chunk) => {
      if (bodyLeft === 0) {
        head += chunk.toString('latin1')
        const end = head.indexOf(HEAD_END)
        if (end === -1) return
        bodyLeft = end + HEAD_END.length + header(head, 'content-length') - head.length
        frames += header(head, 'logplex-msg-count')
        head = ''
      } else bodyLeft -= chunk.length
      if (bodyLeft === 0) socket.write(TAKEN)
    })
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  scope.add(server, () => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/logs`,
    get frames() {
      return frames
    },
  }
}

function header(head: string, name: string): number {
  return Number(new RegExp(`\r\n${name}: (\\d+)\r\n`, 'i').exec(head)?.[1])
}
