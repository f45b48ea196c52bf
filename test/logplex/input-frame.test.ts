import fc from 'fast-check'
import { createRandom, LogInput } from 'heroku-simulator'
import { describe, expect, it } from 'vitest'
import { encodeInputFrame, type InputLine, MAX_MESSAGE_BYTES } from '../../src/logplex/input-frame.ts'

const LINE: InputLine = {
  timeMicros: Date.UTC(2026, 2, 1, 10, 15) * 1_000 + 123_456,
  host: 'acme-logs',
  source: 'app',
  process: 'acme-logs',
  message: 'at=info usage=80%',
}

/** What a Logplex makes of the frames; null where it refuses them. */
function taken(frames: readonly Buffer[]) {
  const logplex = new LogInput({ random: createRandom('x'), origin: 'https://logplex', onLine() {} })
  const address = new URL(logplex.addressOf('r', 'a'))
  const { status } = logplex.take({
    headers: {
      authorization: `Basic ${Buffer.from(`token:${address.password}`).toString('base64')}`,
      'content-type': 'application/logplex-1',
      'content-length': '1',
      'user-agent': 'test',
      'logplex-msg-count': String(frames.length),
    },
    body: Buffer.concat(frames),
  })
  return status === 204 ? logplex.lines : null
}

describe('a frame for the log input', () => {
  it('has a host, structured data and a line end, which a drain’s frame has not', () => {
    expect(encodeInputFrame(LINE).toString()).toBe(
      '86 <190>1 2026-03-01T10:15:00.123456+00:00 acme-logs app acme-logs - - at=info usage=80%\n',
    )
  })

  it('counts bytes, not characters', () => {
    const frame = encodeInputFrame({ ...LINE, message: 'größer als 80 %' })
    const [count] = frame.toString().split(' ')
    expect(Number(count)).toBe(frame.length - `${count} `.length)
  })

  it('is taken by Logplex whatever is in it, and is one line', () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 200 })
    const line = fc.record({
      timeMicros: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
      host: text,
      source: text,
      process: text,
      message: fc.oneof(text, fc.string({ unit: 'binary', maxLength: 200 })),
    })
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 5 }), (lines) => {
        const read = taken(lines.map(encodeInputFrame))
        expect(read).toHaveLength(lines.length)
        for (const { message } of read ?? []) expect(message).toMatch(/^[^\n\r\0]*\n$/)
      }),
      { numRuns: 50 },
    )
  })

  it('is cut between characters where it is too long for a Logplex', () => {
    for (const pad of ['', 'x', 'xx', 'xxx']) {
      const frame = encodeInputFrame({ ...LINE, message: `${pad}${'😀'.repeat(4_000)}` })
      const [line] = taken([frame]) ?? []
      expect(Buffer.byteLength(line?.message ?? '')).toBeLessThanOrEqual(MAX_MESSAGE_BYTES + 1)
      expect(line?.message).toMatch(/^x*(😀){2000,}\n$/u)
    }
  })
})
