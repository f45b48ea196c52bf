import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { costOf } from '../../../src/logs/delivery-cost.ts'
import { exclude, type Pace } from '../../../src/logs/exclusion/exclude.ts'
import type { Delivery } from '../../../src/logs/log-store.ts'
import { countedBytes } from '../../../src/logs/log-store.ts'
import { parse } from '../../../src/query/parse.ts'
import { counted, delivery, frame } from '../../support/deliveries.ts'
import { drainVectors } from '../../support/drain-vectors.ts'

const UNHURRIED: Pace = { next: () => 'go' }

const rule = (q: string, id = q) => ({ id, query: parse(q).query })

function messages({ body, lines }: Delivery): string[] {
  return Array.from({ length: lines.length }, (_, at) => {
    const line = lines.at(at)
    return body.toString('utf8', line?.messageStart, line?.messageEnd)
  })
}

async function sift(received: Delivery, ...queries: string[]) {
  const rules = queries.map((q) => rule(q))
  return (await exclude(received, rules, new Map([[1, 'shop']]), UNHURRIED)).delivery
}

describe('exclusion rules', () => {
  it('drop what they match and leave the rest in its order', async () => {
    const received = delivery(['x 1', 'y 2', 'x 3', 'z 4'].map((message) => frame(message)))
    const rest = await sift(received, 'x')
    expect(messages(rest)).toEqual(['y 2', 'z 4'])
    const bytes = counted(frame('x 1')).length * 2
    expect(rest.excluded).toEqual([{ exclusionId: 'x', lines: 2, bytes }])
  })

  it('credit a line to the first rule that matches it', async () => {
    const rest = await sift(delivery([frame('x y'), frame('y')]), 'x', 'y')
    expect(rest.excluded?.map(({ exclusionId, lines }) => [exclusionId, lines])).toEqual([
      ['x', 1],
      ['y', 1],
    ])
    expect(rest.lines).toHaveLength(0)
  })

  it('leave a delivery as it is where they match nothing', async () => {
    const received = delivery([frame('a')])
    expect(await sift(received, 'nowhere')).toBe(received)
  })

  it('ask of a line what a search would find', async () => {
    const f = async (text: string, q: string, want: boolean) => {
      const rest = await sift(delivery([Buffer.from(text, 'latin1')]), q)
      expect([q, rest.lines.length === 0]).toEqual([q, want])
    }
    const router = frame('at=info method=GET path="/healthz" status=200', {
      source: 'heroku',
      process: 'router',
    })
    await f(router, 'path:/healthz', true)
    await f(router, 'path:/healthz status:>=500', false)
    await f(router, 'process:router source:heroku priority:190 app:shop drain:1', true)
    await f(router, '-app:shop', false)
    await f(router, 'time:2026-11-21T10', true)
    await f(router, 'time:>2026-11-22', false)
    // Without a time of its own, its receipt counts.
    await f(frame('x', { at: '-' }), 'time:2026-11-21T12:00', true)
    await f('no frame at all', 'frame', true)
    await f('no frame at all', 'source:*', false)
    await f(frame('nul \0 here'), '"nul \u2400 here"', true)
    await f(frame('caf\xe9'), '"caf\ufffd"', true)
  })

  it('stop where there is no time left, and what is left is kept', async () => {
    let left = 3
    const pace: Pace = { next: () => (left-- > 0 ? 'go' : 'stop') }
    const received = delivery(Array.from({ length: 10 }, (_, at) => frame(`a ${at}`)))
    const sifted = await exclude(received, [rule('a')], new Map(), pace)
    expect(messages(sifted.delivery)).toEqual([3, 4, 5, 6, 7, 8, 9].map((at) => `a ${at}`))
    expect(sifted.unread).toBe(7)
  })

  it('let others work when they are told to', async () => {
    let others = 0
    const pace: Pace = { next: () => 'wait' }
    const received = delivery(Array.from({ length: 5 }, () => frame('a')))
    const tick = () => {
      others++
      if (others < 100) setImmediate(tick)
    }
    setImmediate(tick)
    await exclude(received, [rule('a')], new Map(), pace)
    expect(others).toBeGreaterThanOrEqual(4)
  })
})

describe('kept and excluded together are what was received', () => {
  async function check(received: Delivery, queries: readonly string[], stopAfter: number): Promise<void> {
    let left = stopAfter
    const pace: Pace = { next: () => (left-- > 0 ? 'go' : 'stop') }
    const rules = queries.map((q, at) => rule(q, String(at)))
    const { delivery: rest } = await exclude(received, rules, new Map(), pace)
    const excluded = rest.excluded ?? []
    const excludedLines = excluded.reduce((sum, { lines }) => sum + lines, 0)
    expect(rest.lines.length + excludedLines).toBe(received.lines.length)
    const excludedBytes = excluded.reduce((sum, { bytes }) => sum + bytes, 0)
    expect(countedBytes(rest)).toBe(costOf(received.body.length - excludedBytes, rest.lines.length))
    expect(excludedBytes).toBeLessThanOrEqual(received.body.length)
    // In order, and each of them one that came.
    const kept = Array.from({ length: rest.lines.length }, (_, at) => rest.lines.at(at)?.start as number)
    const came = Array.from({ length: received.lines.length }, (_, at) => received.lines.at(at)?.start)
    expect(kept).toEqual(kept.toSorted((a, b) => a - b))
    expect(kept.every((start) => came.includes(start))).toBe(true)
  }

  it('for any lines and rules', async () => {
    const message = fc.oneof(
      fc.constantFrom('a', 'b', 'a b', 'status=500', ''),
      fc.string({ unit: 'binary' }),
    )
    const query = fc.constantFrom('a', 'b', '-a', 'status:>=500', '', '/^a$/', 'a OR b', 'process:web')
    await fc.assert(
      fc.asyncProperty(
        fc.array(message, { maxLength: 30 }),
        fc.array(query, { maxLength: 4 }),
        fc.nat({ max: 40 }),
        (sent, queries, stopAfter) => check(delivery(sent.map((text) => frame(text))), queries, stopAfter),
      ),
    )
  })

  it('for every body that senders are known to send, damaged ones too', async () => {
    for (const { body } of drainVectors) {
      const received = delivery([], { body })
      for (const queries of [[''], ['a'], ['-a', 'a'], ['process:router']]) {
        await check(received, queries, Number.POSITIVE_INFINITY)
      }
    }
  })
})
