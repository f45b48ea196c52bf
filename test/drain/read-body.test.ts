import { PassThrough } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { readBody } from '../../src/drain/read-body.ts'

const OPTIONS = { encoding: undefined, limitBytes: 10, timeoutMs: 5_000 }

it.each([
  ['no chunk', []],
  ['one chunk', ['0123456789']],
  ['many chunks', ['01', '', '2345', '6', '789']],
])('is what came in %s', async (_, chunks) => {
  expect((await readBody(sent(...chunks), OPTIONS)).toString()).toBe(chunks.join(''))
})

it('is refused where it is longer than it may be, and the rest is not waited for', async () => {
  const stream = new PassThrough()
  const body = readBody(stream, OPTIONS)
  stream.write('0123456')
  stream.write('7890')
  await expect(body).rejects.toMatchObject({ code: 'body_too_large' })
  expect(stream.destroyed).toBe(true)
})

it('is refused where it is longer than it may be only when it is unpacked', async () => {
  const body = readBody(sent(gzipSync('0'.repeat(100_000))), {
    ...OPTIONS,
    encoding: 'gzip',
    limitBytes: 1_000,
  })
  await expect(body).rejects.toMatchObject({ code: 'body_too_large' })
})

it('is given up where it trickles', async () => {
  const stream = new PassThrough()
  const trickle = setInterval(() => stream.write('.'), 10)
  const body = readBody(stream, { ...OPTIONS, limitBytes: 1_000, timeoutMs: 50 })
  await expect(body).rejects.toMatchObject({ code: 'body_too_slow' })
  clearInterval(trickle)
  expect(stream.destroyed).toBe(true)
})

it.each([undefined, new Error('reset')])('fails where the sender goes away: %s', async (reason) => {
  const stream = new PassThrough()
  const body = readBody(stream, OPTIONS)
  stream.write('012')
  stream.destroy(reason)
  await expect(body).rejects.toThrow(reason?.message ?? 'went away')
})

function sent(...chunks: (string | Buffer)[]): PassThrough {
  const stream = new PassThrough()
  for (const chunk of chunks) stream.write(chunk)
  return stream.end()
}
