import { describe, expect, it } from 'vitest'
import { readDrainUrl } from '../src/drain-url.ts'
import { encodeFrame, formatMicros } from '../src/frame-encoder.ts'
import { MessageBuffer } from '../src/message-buffer.ts'
import { createRandom } from '../src/random.ts'
import { ResponseReader } from '../src/response-reader.ts'

describe('reading a drain URL as Logplex does', () => {
  it('keeps path and query, drops the fragment, and names the port only where the URL does', () => {
    const f = (url: string, path: string, hostHeader: string, port: number) =>
      expect(readDrainUrl(url)).toMatchObject({ path, hostHeader, port, authorization: null })
    f('https://h.example', '/', 'h.example', 443)
    f('https://h.example?a=1', '/?a=1', 'h.example', 443)
    f('http://h.example/a/b?x=%20#y', '/a/b?x=%20', 'h.example', 80)
    f('https://h.example:8443/#', '/', 'h.example:8443', 8443)
  })

  it('does not decode the userinfo', () => {
    const f = (userinfo: string, want: string | null) => {
      const { authorization } = readDrainUrl(`https://${userinfo}@h.example/`)
      expect(authorization && Buffer.from(authorization.slice(6), 'base64').toString()).toBe(want)
    }
    f('user:pa%40ss', 'user:pa%40ss')
    f('only', 'only:')
    f(':secret', 'secret:')
    f('', null)
  })

  it('refuses what Logplex refuses or crashes on, without showing the credentials', () => {
    for (const url of ['syslog://h.example', 'https://', 'h.example/x'])
      expect(() => readDrainUrl(url)).toThrow()
    for (const userinfo of ['a:b:c', ':']) {
      expect(() => readDrainUrl(`https://${userinfo}@h.example`)).toThrow(/crashes/)
    }
    expect(() => readDrainUrl('ftp://u:hush@h.example')).not.toThrow(/hush/)
  })
})

describe('encoding frames', () => {
  const line = { priority: 190, time: 'T', source: 'app', process: 'web.1' }

  it('counts bytes, not characters', () => {
    expect(encodeFrame({ ...line, message: 'é' }).toString()).toBe('28 <190>1 T host app web.1 - é')
  })

  it('keeps the space of an empty message and the bytes that are no UTF-8', () => {
    expect(encodeFrame({ ...line, message: '' }).toString()).toBe('26 <190>1 T host app web.1 - ')
    expect([...encodeFrame({ ...line, message: Uint8Array.of(0xff, 0) }).subarray(-2)]).toEqual([0xff, 0])
  })

  it('trims the zeros of a time as production does', () => {
    const f = (micros: number, want: string) =>
      expect(formatMicros(micros)).toBe(`1970-01-01T00:00:${want}+00:00`)
    f(0, '00')
    f(1, '00.000001')
    f(1_500_000, '01.5')
    f(59_112_340, '59.11234')
  })
})

describe('the message buffer', () => {
  const message = (item: string, length: number) => ({ item, frame: Buffer.alloc(length) })

  it('sends a message that is larger than the target, and stops after it', () => {
    const buffer = new MessageBuffer<string>(10, () => {})
    for (const [item, length] of [
      ['a', 10],
      ['pig', 200],
      ['b', 10],
    ] as const)
      buffer.push(message(item, length))
    expect(buffer.take(100).messages.map(({ item }) => item)).toEqual(['a', 'pig'])
    expect(buffer.take(100).messages.map(({ item }) => item)).toEqual(['b'])
  })

  it('stays below the target', () => {
    const buffer = new MessageBuffer<string>(10, () => {})
    for (const item of ['a', 'b', 'c']) buffer.push(message(item, 50))
    expect(buffer.take(100).messages).toHaveLength(1)
  })

  it('drops the oldest messages, and reports the number once', () => {
    const lost: string[] = []
    const buffer = new MessageBuffer<string>(2, (item) => lost.push(item))
    for (const item of ['a', 'b', 'c', 'd']) buffer.push(message(item, 1))
    expect(lost).toEqual(['a', 'b'])
    expect(buffer.take(100)).toMatchObject({ messages: [{ item: 'c' }, { item: 'd' }], lost: 2 })
    expect(buffer.take(100)).toEqual({ messages: [], lost: 0 })
  })
})

describe('reading responses as Logplex does', () => {
  it('returns the same statuses however the bytes are split', () => {
    const bytes = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.0 503 No\r\n\r\n')
    for (let size = 1; size <= bytes.length; size++) {
      const reader = new ResponseReader()
      const statuses: number[] = []
      for (let at = 0; at < bytes.length; at += size) {
        reader.feed(bytes.subarray(at, at + size))
        for (;;) {
          const status = reader.skipBody() ? reader.readStatus() : null
          if (status === null) break
          statuses.push(status)
        }
      }
      expect(statuses).toEqual([200, 503])
    }
  })

  it('reads the rest of a chunked body as the next status line', () => {
    const reader = new ResponseReader()
    reader.feed(Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n'))
    expect(reader.readStatus()).toBe(200)
    expect(reader.skipBody()).toBe(true)
    expect(() => reader.readStatus()).toThrow('not a status line: "2"')
  })
})

describe('randomness', () => {
  it('repeats for a seed, differs between seeds, and forks into independent streams', () => {
    const draw = (seed: number | string) => Array.from({ length: 5 }, createRandom(seed).next)
    expect(draw(1)).toEqual(draw(1))
    expect(draw('a')).not.toEqual(draw('b'))
    const parent = createRandom(1)
    const before = parent.fork('x').next()
    parent.next()
    expect(parent.fork('x').next()).toBe(before)
  })

  it('draws every whole number of a range, and uuids of version 4', () => {
    const random = createRandom(3)
    expect(new Set(Array.from({ length: 200 }, () => random.int(1, 4)))).toEqual(new Set([1, 2, 3, 4]))
    expect(random.uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
