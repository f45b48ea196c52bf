import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import {
  LogShuttle,
  type LogShuttleOptions,
  type SettledBatch,
  type ShuttleLine,
} from '../src/log-shuttle.ts'
import { createRandom } from '../src/random.ts'
import { sendSpaceProbe } from '../src/space-probe.ts'
import { readCapture } from './captures.ts'
import { type Answer, answer, startReceiver } from './scripted-receiver.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function start(answers: Answer[], options: Partial<LogShuttleOptions> = {}) {
  const receiver = await startReceiver(answers)
  closers.push(() => receiver.close())
  const settled: SettledBatch[] = []
  const shuttle = new LogShuttle({
    url: 'http://token:t.1234@127.0.0.1:18081/logs',
    deliverTo: receiver.origin,
    random: createRandom(1),
    onSettled: (batch) => settled.push(batch),
    ...options,
  })
  closers.push(() => shuttle.stop())
  return { shuttle, receiver, settled }
}

/** The chunks of a chunked body, after the header. */
function chunksOf(request: Buffer): Buffer[] {
  const chunks: Buffer[] = []
  for (let at = request.indexOf('\r\n\r\n') + 4; ; ) {
    const end = request.indexOf('\r\n', at)
    const size = Number.parseInt(request.toString('latin1', at, end), 16)
    if (size === 0) return chunks
    chunks.push(request.subarray(end + 2, end + 2 + size))
    at = end + 2 + size + 2
  }
}

function linesOf(frames: Buffer): ShuttleLine[] {
  const lines: ShuttleLine[] = []
  for (let at = 0; at < frames.length; ) {
    const space = frames.indexOf(' ', at)
    const end = space + 1 + Number(frames.toString('latin1', at, space))
    const frame = frames.toString('utf8', space + 1, end)
    const [, time = '', text = ''] = /^<190>1 (\S+) \S+ \S+ \S+ - - (.*)$/s.exec(frame) ?? []
    lines.push({ sentAtMicros: Date.parse(time) * 1_000 + Number(time.slice(23, 26)), text })
    at = end
  }
  return lines
}

describe('log-shuttle', () => {
  it('sends the captured bytes', async () => {
    const capture = readCapture('log-shuttle-default-00')
    const { shuttle, receiver } = await start([answer.status(204)], {
      requestId: () => capture.headers['x-request-id'] ?? '',
    })
    for (const line of linesOf(Buffer.concat(chunksOf(capture.bytes)))) shuttle.push(line)
    await shuttle.whenIdle()
    expect(receiver.requests.map((bytes) => bytes.toString('latin1'))).toEqual([
      capture.bytes.toString('latin1'),
    ])
  })

  it('sends the captured header and content when it compresses', async () => {
    const capture = readCapture('log-shuttle-gzip-00')
    const { shuttle, receiver } = await start([answer.status(200)], {
      url: 'http://token:t.abc@127.0.0.1:18081/logs',
      gzip: true,
      hostname: 'myhost',
      appName: 't.abc',
      processId: 'web.1',
      requestId: () => capture.headers['x-request-id'] ?? '',
    })
    const want = chunksOf(capture.bytes)
    for (const line of linesOf(gunzipSync(Buffer.concat(want)))) shuttle.push(line)
    await shuttle.whenIdle()
    const [request] = receiver.requests as [Buffer]
    const headOf = (bytes: Buffer) => bytes.toString('latin1', 0, bytes.indexOf('\r\n\r\n'))
    expect(headOf(request)).toBe(headOf(capture.bytes))
    const got = chunksOf(request)
    expect(gunzipSync(Buffer.concat(got))).toEqual(gunzipSync(Buffer.concat(want)))
    // Two compressors may differ in between; header and trailer may not.
    expect([got.at(0), got.at(-1)]).toEqual([want.at(0), want.at(-1)])
  })

  it('closes a batch at 500 lines', async () => {
    const { shuttle, settled } = await start([answer.status(200)])
    for (let n = 0; n < 1_001; n++) shuttle.push({ sentAtMicros: n, text: `${n}\n` })
    await shuttle.whenIdle()
    expect(settled.map(({ lines }) => lines.length).sort()).toEqual([1, 500, 500])
  })

  it('splits a line of more than 10,000 bytes, even inside a character', async () => {
    const { shuttle, receiver } = await start([answer.status(200)])
    shuttle.push({ sentAtMicros: 0, text: `${'x'.repeat(9_999)}é\n` })
    await shuttle.whenIdle()
    const chunks = chunksOf(receiver.requests[0] as Buffer)
    expect(chunks.map((chunk) => chunk.at(-1))).toEqual([0xc3, 0x0a])
    expect(receiver.requests[0]?.toString()).toContain('Logplex-Msg-Count: 2\r\n')
  })

  it('loses a batch silently after a 500', async () => {
    const { shuttle, receiver, settled } = await start([answer.status(500)])
    shuttle.push({ sentAtMicros: 0, text: 'gone\n' })
    await shuttle.whenIdle()
    expect(receiver.requests).toHaveLength(1)
    expect(settled).toMatchObject([{ result: { kind: 'status', status: 500 } }])
  })

  it('tries three times with one id without an answer, then reports the loss with the next batch', async () => {
    const { shuttle, receiver, settled } = await start(
      [answer.drop, answer.drop, answer.drop, answer.status(200)],
      {
        settings: { retryMs: 1 },
        clock: () => Date.UTC(2026, 7, 20),
      },
    )
    shuttle.push({ sentAtMicros: 0, text: 'lost\n' })
    await shuttle.whenIdle()
    shuttle.push({ sentAtMicros: 0, text: 'kept\n' })
    await shuttle.whenIdle()
    const ids = receiver.requests.map((bytes) => /X-Request-Id: (\S+)/.exec(bytes.toString())?.[1])
    expect(new Set(ids.slice(0, 3)).size).toBe(1)
    expect(ids[3]).not.toBe(ids[0])
    expect(settled.map(({ result }) => result.kind)).toEqual(['lost', 'status'])
    expect(receiver.requests[3]?.toString()).toContain('Logplex-Lost-Count: 1\r\n')
    expect(chunksOf(receiver.requests[3] as Buffer)[0]?.toString()).toBe(
      '135 <172>1 2026-08-20T00:00:00.000000+00:00 heroku token log-shuttle - - Error L13: 1 messages lost since 2026-08-20T00:00:00.000000+00:00\n',
    )
  })
})

describe('the probe of a space drain', () => {
  it('is one frame of 121 bytes without frame id and drain token', async () => {
    const receiver = await startReceiver([answer.status(204)])
    closers.push(() => receiver.close())
    const url = 'http://u:pa%40ss@drain.example/space'
    const got = await sendSpaceProbe({ url, deliverTo: receiver.origin, now: Date.UTC(2026, 7, 20) })
    expect(got.status).toBe(204)
    const [head = '', body] = String(receiver.requests[0]).split('\r\n\r\n')
    expect(head.split('\r\n')).toEqual([
      'POST /space HTTP/1.1',
      'Host: drain.example',
      'User-Agent: excon/0.76.0',
      `Authorization: Basic ${Buffer.from('u:pa@ss').toString('base64')}`,
      'Content-Type: application/logplex-1',
      'Logplex-Msg-Count: 1',
      'Connection: close',
      'Accept: */*',
      'Content-Length: 121',
    ])
    expect(body).toMatch(/^117 <134>1 2026-08-20T00:00:00\+00:00 host heroku api - Log drain/)
    expect(body).toHaveLength(121)
  })
})
