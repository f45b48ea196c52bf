import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HeightIndex } from '../../../src/page/client/height-index.ts'
import { linesOf, MAX_LINES, Rows, type RowsListener } from '../../../src/page/client/rows.ts'
import { compareLines, type Line } from '../../../src/page/reading/line.ts'
import { line } from '../reading/lines.ts'

/** A list that does what it is told, to see that it is told all. */
class Mirror implements RowsListener {
  readonly ids: number[] = []
  rows: Rows = new Rows(this)
  spliced(at: number, removed: number, inserted: number): void {
    this.ids.splice(at, removed, ...this.rows.rows.slice(at, at + inserted).map(({ id }) => id))
  }
  changed(): void {}
}

const at = (ms: number, message: string, fields: Partial<Line> = {}): Line => {
  const time = new Date(1_795_255_200_000 + ms).toISOString().replace('Z', '000Z')
  return line(message, {
    cursor: `${time} ${message} ${fields.process ?? ''}`,
    sent_at: time,
    received_at: time,
    ...fields,
  })
}
const shown = ({ rows }: Rows) =>
  rows.map((row) =>
    row.kind === 'note'
      ? row.note.type
      : [row.line.message, ...row.more.map(({ message }) => message)].join(' / '),
  )

describe('the rows of the list', () => {
  it('stand in the order of their times, however they come', () => {
    const one = fc.record({
      ms: fc.integer({ min: 0, max: 40 }),
      text: fc.constantFrom('a', 'b', '  at x', 'c'),
    })
    fc.assert(
      fc.property(fc.array(fc.array(one, { maxLength: 12 }), { maxLength: 6 }), (batches) => {
        const mirror = new Mirror()
        let count = 0
        for (const batch of batches) {
          mirror.rows.add(batch.map(({ ms, text }) => at(ms, text, { cursor: `${count++}` })))
        }
        const { rows } = mirror.rows
        const heads = rows.flatMap((row) => (row.kind === 'line' ? [row.line] : []))
        for (let index = 1; index < heads.length; index++) {
          expect(compareLines(heads[index - 1] as Line, heads[index] as Line)).toBeLessThanOrEqual(0)
        }
        expect(rows.reduce((sum, row) => sum + linesOf(row), 0)).toBe(count)
        expect(mirror.rows.lineCount).toBe(count)
        expect(mirror.ids).toEqual(rows.map(({ id }) => id))
      }),
    )
  })

  it('show a line once that comes twice', () => {
    const { rows } = new Mirror()
    const lines = [at(1, 'a'), at(2, 'b')]
    expect(rows.add(lines)).toBe(2)
    expect(rows.add(lines)).toBe(0)
    expect(shown(rows)).toEqual(['a', 'b'])
  })

  it('put a stack trace together, also when another process speaks in between', () => {
    const { rows } = new Mirror()
    rows.add([
      at(1, 'TypeError: no price'),
      at(2, '    at total (cart.js:7)'),
      at(3, 'ping', { process: 'worker.1' }),
      at(4, '    at render (view.js:3)'),
      at(5, 'Caused by: Error: gone'),
      at(6, 'next request'),
    ])
    expect(shown(rows)).toEqual([
      'TypeError: no price /     at total (cart.js:7) /     at render (view.js:3) / Caused by: Error: gone',
      'ping',
      'next request',
    ])
  })

  it('do not take an indented line for the rest of one long before, or of another app', () => {
    const { rows } = new Mirror()
    rows.add([at(1, 'start'), at(5_000, '  late'), at(5_001, '  other', { drain_id: 2 })])
    expect(shown(rows)).toEqual(['start', '  late', '  other'])
  })

  it('fold a line that comes again and again into one', () => {
    const { rows } = new Mirror()
    rows.add(Array.from({ length: 2_396 }, (_, index) => at(index, 'heartbeat', { cursor: `${index}` })))
    expect(rows.rows).toHaveLength(1)
    expect(rows.rows[0]).toMatchObject({ repeats: 2_395 })
    expect(rows.lineCount).toBe(2_396)
  })

  it('take older lines in front', () => {
    const mirror = new Mirror()
    mirror.rows.add([at(10, 'c'), at(11, 'd')])
    mirror.rows.prepend([at(1, 'a'), at(2, 'b')])
    expect(shown(mirror.rows)).toEqual(['a', 'b', 'c', 'd'])
    expect(mirror.ids).toEqual(mirror.rows.rows.map(({ id }) => id))
    expect(new Set(mirror.ids).size).toBe(4)
  })

  it('are bounded: the oldest go, and it is known that they went', () => {
    const { rows } = new Mirror()
    for (let from = 0; from < MAX_LINES + 1; from += 5_000) {
      rows.add(Array.from({ length: 5_000 }, (_, index) => at(from + index, `${from + index}`)))
    }
    expect(rows.lineCount).toBeLessThanOrEqual(MAX_LINES)
    expect(rows.lineCount).toBeGreaterThan(MAX_LINES * 0.9)
    expect(rows.isCut).toBe(true)
    expect(rows.last?.line.message).toBe('104999')
  })
})

it('lines that there is no room for are counted in one place, with the time to load them by', () => {
  const { rows } = new Mirror()
  rows.add([at(1, 'a')])
  rows.skip([at(2, 'b'), at(3, 'c')])
  rows.skip([at(9, 'd')])
  expect(rows.rows.at(-1)).toMatchObject({
    note: { type: 'skipped', lines: 3, from: '2026-11-21T10:00:00.002000Z', to: '2026-11-21T10:00:00.010Z' },
  })
})

describe('the heights of rows', () => {
  it('add up as if each were added one by one', () => {
    const change = fc.oneof(
      fc.record({
        kind: fc.constant('splice' as const),
        at: fc.nat(),
        removed: fc.nat(400),
        inserted: fc.nat(700),
      }),
      fc.record({ kind: fc.constant('set' as const), at: fc.nat(), height: fc.integer({ min: 1, max: 90 }) }),
    )
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.nat(), (changes, probe) => {
        const index = new HeightIndex(20)
        const plain: number[] = []
        for (const one of changes) {
          const where = plain.length === 0 ? 0 : one.at % (plain.length + 1)
          if (one.kind === 'splice') {
            plain.splice(where, one.removed, ...new Array<number>(one.inserted).fill(20))
            index.splice(where, one.removed, one.inserted)
          } else if (where < plain.length) {
            plain[where] = one.height
            index.set(where, one.height)
          }
          // Read in between, so that what was summed up has to be forgotten.
          void index.total
        }
        const total = plain.reduce((sum, height) => sum + height, 0)
        expect(index.length).toBe(plain.length)
        expect(index.total).toBe(total)
        if (total === 0) return
        const y = probe % total
        const found = index.find(y)
        expect(index.top(found)).toBeLessThanOrEqual(y)
        expect(index.top(found) + index.height(found)).toBeGreaterThan(y)
      }),
    )
  })
})
