import { randomBytes } from 'node:crypto'
import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { readBody } from '../../src/drain/read-body.ts'

const UNBOUNDED = { take: () => undefined, give() {} }
const UNHURRIED = { timeoutMs: 10_000, graceMs: 10_000, everyMs: 10_000, leastBytes: 0 }
const OPTIONS = { encoding: undefined, limitBytes: 10, room: UNBOUNDED, pace: UNHURRIED }
const GZIP = { ...OPTIONS, encoding: 'gzip', limitBytes: 1_000_000 }

/** Keeps account, and has room once `letIn` is called. */
function account({ isFull = false } = {}) {
  let letIn = () => {}
  const room = {
    bytes: 0,
    most: 0,
    take(bytes: number) {
      room.bytes += bytes
      room.most = Math.max(room.most, room.bytes)
      return isFull
        ? new Promise<void>((resolve) => {
            letIn = resolve
          })
        : undefined
    },
    give(bytes: number) {
      room.bytes -= bytes
    },
    letIn: () => letIn(),
  }
  return room
}

it.each([
  ['no chunk', []],
  ['one chunk', ['0123456789']],
  ['many chunks', ['01', '', '2345', '6', '789']],
])('is what came in %s', async (_, chunks) => {
  expect((await readBody(sent(...chunks), OPTIONS)).toString()).toBe(chunks.join(''))
})

it('is what came, however large and small chunks follow each other', async () => {
  const size = fc.constantFrom(0, 1, 100, 16_383, 16_384, 20_000, 65_536, 100_000)
  await fc.assert(
    fc.asyncProperty(fc.array(size, { maxLength: 12 }), async (sizes) => {
      const chunks = sizes.map((bytes) => randomBytes(bytes))
      const body = await readBody(sent(...chunks), { ...OPTIONS, limitBytes: 2_000_000 })
      expect(body.equals(Buffer.concat(chunks))).toBe(true)
    }),
  )
})

it('is refused where it is longer than it may be, and the rest is not waited for', async () => {
  const stream = new PassThrough()
  const body = readBody(stream, OPTIONS)
  stream.write('0123456')
  stream.write('7890')
  await expect(body).rejects.toMatchObject({ code: 'body_too_large' })
  expect(stream.destroyed).toBe(true)
})

it.each(['gzip', 'GZIP', 'x-gzip'])('is unpacked: %s', async (encoding) => {
  for (const text of ['', 'x', 'x'.repeat(500_000)]) {
    const packed = gzipSync(text)
    const halves = [packed.subarray(0, 9), packed.subarray(9)]
    expect((await readBody(sent(...halves), { ...GZIP, encoding })).toString()).toBe(text)
  }
  expect(await readBody(sent(), { ...GZIP, encoding })).toHaveLength(0)
})

it('is not unpacked any further than it may be, nor charged for more', async () => {
  const room = account()
  const limitBytes = 1_000_000
  const stream = sent(gzipSync(Buffer.alloc(20 * limitBytes)), 'and what comes after it')
  await expect(readBody(stream, { ...GZIP, limitBytes, room })).rejects.toMatchObject({
    code: 'body_too_large',
  })
  expect(room.most).toBeLessThan(1.2 * limitBytes)
  // Read to its end, or there could be no answer.
  await expect.poll(() => stream.readableEnded).toBe(true)
})

it('is refused where it cannot be unpacked', async () => {
  const packed = gzipSync('x'.repeat(1_000))
  for (const wrong of [Buffer.from('plain'), packed.subarray(0, -9), packed.subarray(3)]) {
    await expect(readBody(sent(wrong), GZIP)).rejects.toMatchObject({ code: 'body_unreadable' })
  }
})

it('is charged for as it arrives, and while it is unpacked for that as well', async () => {
  const room = account()
  const stream = new PassThrough()
  const body = readBody(stream, { ...OPTIONS, room })
  expect(room.bytes).toBe(0)
  stream.write('0123')
  await expect.poll(() => room.bytes).toBe(4)
  stream.end('456789')
  await body
  expect(room).toMatchObject({ bytes: 10, most: 10 })

  const unpacking = account()
  await readBody(sent(gzipSync('x'.repeat(1_000))), { ...GZIP, room: unpacking })
  expect(unpacking.bytes).toBe(1_000)
  expect(unpacking.most).toBeGreaterThan(50_000)
})

it('is read on once there is room, however long that takes', async () => {
  const room = account({ isFull: true })
  const stream = sent('01', '23')
  const pace = { timeoutMs: 40, graceMs: 20, everyMs: 20, leastBytes: 1 }
  const body = readBody(stream, { ...OPTIONS, room, pace })
  await expect.poll(() => room.bytes).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 100))
  expect(room.bytes).toBe(2)
  room.letIn()
  await expect.poll(() => room.bytes).toBe(4)
  room.letIn()
  expect((await body).toString()).toBe('0123')
})

it.each([undefined, 'gzip'])(
  'is given up where there is no room in time, and the rest discarded: %s',
  async (encoding) => {
    const full = { take: () => Promise.reject(new Error('no room')), give() {} }
    const stream = sent(gzipSync('0123'), 'more', 'and more')
    await expect(readBody(stream, { ...OPTIONS, limitBytes: 1_000, encoding, room: full })).rejects.toThrow(
      'no room',
    )
    await expect.poll(() => stream.readableEnded).toBe(true)
  },
)

it.each([
  ['takes too long', { timeoutMs: 50, graceMs: 20, everyMs: 20, leastBytes: 0 }],
  ['is too slow', { timeoutMs: 60_000, graceMs: 50, everyMs: 50, leastBytes: 100 }],
])('is cut off where it %s', async (_, pace) => {
  const stream = new PassThrough()
  const trickle = setInterval(() => stream.write('.'), 10)
  const body = readBody(stream, { ...OPTIONS, limitBytes: 1_000, pace })
  await expect(body).rejects.toMatchObject({ code: 'body_too_slow' })
  clearInterval(trickle)
  expect(stream.destroyed).toBe(true)
})

it('is read to the end where it is quick enough', async () => {
  const stream = new PassThrough()
  const body = readBody(stream, {
    ...OPTIONS,
    limitBytes: 1_000,
    pace: { timeoutMs: 60_000, graceMs: 200, everyMs: 200, leastBytes: 1 },
  })
  for (let n = 0; n < 20; n++) {
    stream.write('.')
    await new Promise((resolve) => setTimeout(resolve, 25))
  }
  stream.end()
  expect(await body).toHaveLength(20)
})

it('does not hold a large buffer for a small body', async () => {
  const small = gzipSync('x'.repeat(100))
  const unpacked = await readBody(sent(small), GZIP)
  expect(unpacked.buffer.byteLength).toBeLessThan(20_000)
  const stream = new PassThrough()
  const body = readBody(stream, { ...OPTIONS, limitBytes: 1_000_000 })
  for (let n = 0; n < 1_000; n++) stream.write('x')
  stream.end()
  expect((await body).buffer.byteLength).toBeLessThan(20_000)
})

it.each([undefined, new Error('reset')])('fails where the sender goes away: %s', async (reason) => {
  for (const options of [OPTIONS, GZIP]) {
    const stream = new PassThrough()
    const body = readBody(stream, options)
    stream.write(gzipSync('012').subarray(0, 4))
    stream.destroy(reason)
    await expect(body).rejects.toThrow(reason?.message ?? 'went away')
    await expect(readBody(stream, options)).rejects.toThrow('went away')
  }
})

function sent(...chunks: (string | Buffer)[]): PassThrough {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  return stream.end()
}
