// A Logplex that log endpoints send to: the simulated one, which refuses bad frames and wrong counts, on a port of its own.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createRandom, type InputLine, LogInput } from 'heroku-simulator'

interface Answering {
  status: number
  headers?: Record<string, string>
}

export interface Receiver {
  /** What a log endpoint is given. */
  target: { token: string; url: string }
  /** Everything that was taken, in order. */
  lines: InputLine[]
  requests: { headers: Record<string, string | string[] | undefined>; status: number; body: Buffer }[]
  /**
   * What it does from now on instead of taking lines; null: it takes them. nothing: cuts the connection; never: keeps it
   * and does not answer.
   */
  answers: Answering | 'nothing' | 'never' | null
  /** What it does with the next requests, one after the other, before that. */
  next: (Answering | 'nothing' | 'never' | null)[]
  messages(): string[]
  close(): Promise<void>
}

export async function startReceiver(): Promise<Receiver> {
  let input: LogInput | undefined
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const body = Buffer.concat(chunks)
      const instead = receiver.next.length > 0 ? receiver.next.shift() : receiver.answers
      if (instead === 'nothing' || instead === 'never') {
        receiver.requests.push({ headers: request.headers, status: 0, body })
        if (instead === 'nothing') request.socket.destroy()
        return
      }
      const answer = instead ?? (input as LogInput).take({ headers: request.headers, body })
      receiver.requests.push({ headers: request.headers, status: answer.status, body })
      response.writeHead(answer.status, answer.headers).end('body' in answer ? answer.body : undefined)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  input = new LogInput({ random: createRandom(port), origin: `http://127.0.0.1:${port}`, onLine: () => {} })
  const address = new URL(input.addressOf('resource', 'app'))
  const token = address.password
  address.username = ''
  address.password = ''
  const receiver: Receiver = {
    target: { token, url: address.href },
    lines: input.lines,
    requests: [],
    answers: null,
    next: [],
    messages: () => receiver.lines.map(({ message }) => message.replace(/\n$/, '')),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return receiver
}
