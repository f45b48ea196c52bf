import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_LINES } from '../../src/logplex/frame-parser.ts'
import { LINE_BYTES } from '../../src/logs/delivery-cost.ts'
import { counted, frame } from '../support/deliveries.ts'
import {
  deprovision,
  provision,
  startTestService,
  stopCommits,
  storedMessages,
  type TestResource,
  type TestService,
} from '../support/service.ts'

let service: TestService
let resource: TestResource

beforeAll(async () => {
  service = await startTestService({ DRAIN_BODY_LIMIT_MB: '1' })
})
afterAll(() => service.close())

const frameId = () => randomBytes(16).toString('hex').toUpperCase()
const resourceNumber = async ({ id }: TestResource): Promise<number> => {
  const { rows } = await service.database.pool.query('select number from resource where id = $1', [id])
  return rows[0].number
}
const body = (...messages: string[]) => Buffer.concat(messages.map((message) => counted(frame(message))))

/** Posts as Logplex does; a header of undefined is left out. */
async function deliver(
  to: TestResource,
  content: Buffer | string,
  headers: Record<string, string | undefined> = {},
  path = to.drainUrl,
): Promise<Response> {
  const all: Record<string, string | undefined> = {
    'content-type': 'application/logplex-1',
    'logplex-drain-token': to.drainToken,
    'logplex-frame-id': frameId(),
    'user-agent': 'Logplex/v74',
    ...headers,
  }
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return fetch(path, {
    method: 'POST',
    headers: present,
    body: new Uint8Array(Buffer.from(content as string)),
  })
}

describe('a delivery', () => {
  beforeAll(async () => {
    resource = await provision(service)
  })

  it('is answered 204 without a body or a chunked answer, after its lines are stored', async () => {
    const answer = await deliver(resource, body('one', 'two'))
    expect(answer.status).toBe(204)
    expect(answer.headers.get('transfer-encoding')).toBeNull()
    expect(await answer.text()).toBe('')
    expect(await storedMessages(service, resource.id)).toEqual(['one', 'two'])
  })

  it('may be empty', async () => {
    expect((await deliver(resource, '')).status).toBe(204)
  })

  it('may announce another number of lines than it holds: that is counted, not refused', async () => {
    const before = service.service.drain.counters.countMismatches
    expect((await deliver(resource, body('a'), { 'logplex-msg-count': '7' })).status).toBe(204)
    expect((await deliver(resource, body('a'), { 'logplex-msg-count': '1' })).status).toBe(204)
    expect(service.service.drain.counters.countMismatches - before).toBe(1)
  })

  it('keeps what cannot be parsed as a raw line beside the good ones, counts it, and answers 204', async () => {
    const own = await provision(service)
    const before = service.service.drain.counters.malformedFrames
    const answer = await deliver(
      own,
      Buffer.concat([body('good'), Buffer.from('%% rubbish %%'), body('fine')]),
    )
    expect(answer.status).toBe(204)
    expect(await storedMessages(service, own.id)).toEqual(['good', '%% rubbish %%', 'fine'])
    expect(service.service.drain.counters.malformedFrames - before).toBe(1)
  })

  it.each([['application/x-logplex-1'], ['application/logplex-1; charset=utf-8'], ['Application/Logplex-1']])(
    'may be of type %s',
    async (type) => {
      expect((await deliver(resource, body('a'), { 'content-type': type })).status).toBe(204)
    },
  )

  it('may be gzip', async () => {
    const own = await provision(service)
    const answer = await deliver(own, gzipSync(body('packed')), { 'content-encoding': 'gzip' })
    expect(answer.status).toBe(204)
    expect(await storedMessages(service, own.id)).toEqual(['packed'])
  })
})

describe('a retried delivery', () => {
  it('answers 200-like to a retried frame without storing it twice, whatever its body says now', async () => {
    const own = await provision(service)
    const headers = { 'logplex-frame-id': frameId() }
    expect((await deliver(own, body('first'), headers)).status).toBe(204)
    expect((await deliver(own, body('L10 with another second', 'first'), headers)).status).toBe(204)
    expect(await storedMessages(service, own.id)).toEqual(['first'])
  })

  it('is stored once when its tries overlap', async () => {
    const own = await provision(service)
    const headers = { 'logplex-frame-id': frameId() }
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(own, body('once'), headers)))
    expect(answers.map((answer) => answer.status)).toEqual(Array(20).fill(204))
    expect(await storedMessages(service, own.id)).toEqual(['once'])
  })

  it('is known by X-Request-Id where the sender is a log-shuttle', async () => {
    const own = await provision(service)
    const headers = {
      'logplex-frame-id': undefined,
      'x-request-id': randomUUID(),
      'user-agent': 'log-shuttle/0.22.0 (go1.19.8; linux; amd64; gc)',
    }
    const text = counted('<190>1 2026-11-21T00:05:57.434591+00:00 shuttle token shuttle - - Hello World\n')
    expect((await deliver(own, text, headers)).status).toBe(204)
    expect((await deliver(own, text, headers)).status).toBe(204)
    expect(await storedMessages(service, own.id)).toEqual(['Hello World'])
  })

  it('cannot be known where the sender names nothing: each is kept', async () => {
    const own = await provision(service)
    for (let n = 0; n < 2; n++) await deliver(own, body('probe'), { 'logplex-frame-id': undefined })
    expect(await storedMessages(service, own.id)).toEqual(['probe', 'probe'])
  })
})

describe('admission', () => {
  const basic = (user: string, password: string) =>
    `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

  it('takes the drain token from either half of Basic auth, or as a Bearer, of senders that are not Logplex', async () => {
    const own = await provision(service)
    for (const authorization of [
      basic('token', own.drainToken),
      basic(own.drainToken, ''),
      basic(encodeURIComponent(own.drainToken), ''),
      `Bearer ${own.drainToken}`,
    ]) {
      const answer = await deliver(own, body('in'), { 'logplex-drain-token': undefined, authorization })
      expect(answer.status).toBe(204)
    }
    expect(await storedMessages(service, own.id)).toHaveLength(4)
  })

  it('refuses a delivery without a token', async () => {
    expect((await deliver(resource, body('x'), { 'logplex-drain-token': undefined })).status).toBe(401)
  })

  it('gives a copied URL nothing: the token alone decides', async () => {
    const own = await provision(service)
    const other = await provision(service)
    expect((await deliver(own, body('x'), { 'logplex-drain-token': `d.${randomUUID()}` })).status).toBe(404)
    expect((await deliver(other, body('mine all the same'), {}, own.drainUrl)).status).toBe(204)
    expect(await storedMessages(service, own.id)).toEqual([])
    expect(await storedMessages(service, other.id)).toEqual(['mine all the same'])
  })

  it('says 410 once the resource is deprovisioned', async () => {
    const own = await provision(service)
    await deprovision(service, own.id)
    expect((await deliver(own, body('late'))).status).toBe(410)
  })

  it('takes lines at once after the provision that brought the token', async () => {
    const own = await provision(service)
    expect((await deliver(own, body('early'))).status).toBe(204)
  })
})

describe('what is refused for good', () => {
  beforeAll(async () => {
    resource = await provision(service)
  })

  it('is another content type', async () => {
    for (const type of ['application/json', 'text/plain', undefined]) {
      expect((await deliver(resource, body('x'), { 'content-type': type })).status).toBe(415)
    }
  })

  it('is an unknown content encoding, or a gzip that is none', async () => {
    expect((await deliver(resource, body('x'), { 'content-encoding': 'br' })).status).toBe(415)
    expect((await deliver(resource, body('x'), { 'content-encoding': 'gzip' })).status).toBe(400)
  })

  it('is a body above the limit, as sent or as decompressed', async () => {
    const large = Buffer.alloc(1_000_001, 'x')
    expect((await deliver(resource, large)).status).toBe(413)
    expect((await deliver(resource, gzipSync(large), { 'content-encoding': 'gzip' })).status).toBe(413)
    expect(await storedMessages(service, resource.id)).toEqual([])
  })
})

describe('a delivery of more lines than are taken', () => {
  it('is answered 204, kept up to the bound, and the rest is a gap', async () => {
    const own = await provision(service)
    const number = await resourceNumber(own)
    const before = service.service.drain.counters.tooManyLines
    const content = gzipSync('1 a'.repeat(MAX_LINES + 5_000))
    const headers = { 'content-encoding': 'gzip', 'logplex-msg-count': String(MAX_LINES + 5_002) }
    expect((await deliver(own, content, headers)).status).toBe(204)
    expect(await storedMessages(service, own.id)).toHaveLength(MAX_LINES)
    const { rows } = await service.database.pool.query(
      'select kind, lines from gap where resource_number = $1 order by kind',
      [number],
    )
    expect(rows).toEqual([
      { kind: 'count_mismatch', lines: '2' },
      { kind: 'too_many_lines', lines: '5000' },
    ])
    expect(service.service.drain.counters.tooManyLines - before).toBe(5_000)
  })

  it('counts towards the plan as what it becomes', async () => {
    const own = await provision(service)
    const content = gzipSync('1 a'.repeat(1_000))
    expect((await deliver(own, content, { 'content-encoding': 'gzip' })).status).toBe(204)
    const { rows } = await service.database.pool.query(
      'select sum(lines) as lines, sum(bytes) as bytes from usage where resource_number = $1',
      [await resourceNumber(own)],
    )
    expect(rows).toEqual([{ lines: '1000', bytes: String(1_000 * LINE_BYTES) }])
  })
})

describe('the room that deliveries take', () => {
  const held = () => service.service.drain.gate.heldBytes
  const head = (own: TestResource, bytes: number) =>
    `POST /drains/x HTTP/1.1\r\nHost: x\r\nContent-Type: application/logplex-1\r\nLogplex-Frame-Id: ${frameId()}\r\n` +
    `Logplex-Drain-Token: ${own.drainToken}\r\nContent-Length: ${bytes}\r\n\r\n`
  const open = async () => {
    const socket = connect(Number(new URL(service.origin).port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    return socket
  }

  it('is what has arrived, not what was announced, and is given back when the sender goes away', async () => {
    const own = await provision(service)
    const socket = await open()
    socket.write(head(own, 900_000))
    socket.write('x'.repeat(5_000))
    await expect.poll(held).toBe(5_000)
    socket.destroy()
    await expect.poll(held).toBe(0)
  })

  it('is held for as long as the delivery waits, though its sender has gone', async () => {
    const own = await provision(service)
    const letCommit = await stopCommits(service.database)
    try {
      const content = body('waits')
      const socket = await open()
      socket.write(head(own, content.length))
      socket.write(content)
      await expect.poll(() => service.service.drain.levels().heldBytes).toBe(content.length)
      socket.destroy()
      await sleep(100)
      expect(held()).toBe(content.length)
    } finally {
      await letCommit()
    }
    await expect.poll(held).toBe(0)
    expect(await storedMessages(service, own.id)).toEqual(['waits'])
  })

  it('is given back after refusals of every kind', async () => {
    const own = await provision(service)
    const gzip = { 'content-encoding': 'gzip' }
    await deliver(own, body('x'), gzip)
    await deliver(own, gzipSync(Buffer.alloc(2_000_000)), gzip)
    await deliver(own, body('x'), { 'content-type': 'text/plain' })
    await deliver(own, Buffer.alloc(1_000_001))
    await deliver(own, '')
    expect(held()).toBe(0)
  })
})

it('reports each refusal in a counter', () => {
  const refused = Object.fromEntries(service.service.drain.counters.refused)
  expect(refused).toMatchObject({ drain_gone: 1, drain_token_missing: 1, unsupported_content_type: 4 })
})
