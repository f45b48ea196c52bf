import { once } from 'node:events'
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { ConnectionCounters, oneAtATime } from '../../src/operations/one-at-a-time.ts'

let server: Server
let accepted: Socket[]
let clients: Socket[]
let counters: ConnectionCounters

async function listen(handle: RequestListener): Promise<void> {
  accepted = []
  clients = []
  counters = new ConnectionCounters()
  server = createServer(oneAtATime(handle, counters))
  server.on('connection', (socket) => accepted.push(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
}

afterEach(async () => {
  for (const client of clients) client.destroy()
  server.close()
  server.closeAllConnections()
  await once(server, 'close')
})

async function open(): Promise<{ socket: Socket; received(): string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  clients.push(socket)
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1')
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  return { socket, received: () => received }
}

const post = (path: string, body: string) =>
  `POST /${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body}`
const answers = (text: string) =>
  [...text.matchAll(/\r\n\r\n\/(\S+?):(\d+);/g)].map(([, path, bytes]) => [path, Number(bytes)])

/** Reads the body and answers with path and length, a little later. */
function echo(underWay: { now: number; most: number }): RequestListener {
  return (request, response) => {
    underWay.now++
    underWay.most = Math.max(underWay.most, underWay.now)
    let bytes = 0
    request.on('data', (chunk) => {
      bytes += chunk.length
    })
    request.on('end', () =>
      setImmediate(() => {
        underWay.now--
        response.end(`${request.url}:${bytes};`)
      }),
    )
  }
}

it('handles pipelined requests of a connection one after the other and answers all of them', async () => {
  const underWay = { now: 0, most: 0 }
  await listen(echo(underWay))
  const { socket, received } = await open()
  const sent = Array.from({ length: 2_000 }, (_, at) => ({
    path: `${at}`,
    body: 'x'.repeat((at * 37) % 900),
  }))
  socket.write(sent.map(({ path, body }) => post(path, body)).join(''))
  await expect.poll(() => answers(received()).length).toBe(sent.length)
  expect(answers(received())).toEqual(sent.map(({ path, body }) => [path, body.length]))
  expect(underWay.most).toBe(1)
  // And the connection lives on.
  socket.write(post('later', 'x'))
  await expect.poll(() => answers(received()).at(-1)).toEqual(['later', 1])
  expect(counters.connectionsCut).toBe(0)
})

it('does not read ahead while a request is not answered', async () => {
  const open1: ServerResponse[] = []
  await listen((request, response) => {
    request.resume()
    open1.push(response)
  })
  const { socket } = await open()
  // Each larger than what is read at once, so that the body of the next one begins in the same chunk.
  const body = 'x'.repeat(50_000)
  socket.write(Array.from({ length: 100 }, (_, at) => post(`${at}`, body)).join(''))
  await expect.poll(() => open1.length).toBe(1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(open1).toHaveLength(1)
  expect(accepted[0]?.bytesRead).toBeLessThan(4 * 65_536)
  open1[0]?.end()
  await expect.poll(() => open1.length).toBe(2)
  expect(accepted[0]?.bytesRead).toBeLessThan(6 * 65_536)
})

it('keeps no other connection waiting', async () => {
  await listen((request, response) => {
    if (request.url !== '/never') response.end(`${request.url}:0;`)
  })
  const stuck = await open()
  stuck.socket.write(post('never', '') + post('behind', ''))
  const other = await open()
  other.socket.write(post('free', '') + post('free-too', ''))
  await expect.poll(() => answers(other.received()).length).toBe(2)
  expect(stuck.received()).toBe('')
})

it('cuts a connection off that packs more requests than any client needs into what is read at once', async () => {
  await listen(() => {})
  const { socket } = await open()
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2_000))
  await once(socket, 'close')
  expect(counters.connectionsCut).toBe(1)
})

it('has a bound for all connections together, and takes more once they are gone', async () => {
  const held: ServerResponse[] = []
  let isHolding = true
  await listen((request, response) => {
    if (isHolding) held.push(response)
    else response.end(`${request.url}:0;`)
  })
  const many = await Promise.all(Array.from({ length: 20 }, open))
  for (const { socket } of many) socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(400))
  await expect.poll(() => counters.connectionsCut).toBeGreaterThan(5)
  expect(counters.connectionsCut).toBeLessThan(10)
  for (const { socket } of many) socket.destroy()
  // Who is not read is found gone by the answers.
  isHolding = false
  for (const response of held) response.end()
  await expect.poll(() => accepted.every((socket) => socket.destroyed)).toBe(true)
  const { socket, received } = await open()
  socket.write(post('a', '') + post('b', ''))
  await expect.poll(() => answers(received()).length).toBe(2)
})

it('ends with a connection that is closed in the midst of it', async () => {
  const underWay = { now: 0, most: 0 }
  await listen(echo(underWay))
  const { socket } = await open()
  socket.write(Array.from({ length: 100 }, (_, at) => post(`${at}`, 'x')).join(''))
  await once(socket, 'data')
  socket.destroy()
  await expect.poll(() => accepted[0]?.destroyed).toBe(true)
  await expect.poll(() => underWay.now).toBe(0)
})
