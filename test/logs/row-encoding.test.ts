import { expect, it } from 'vitest'
import { encodeTsv } from '../../src/logs/clickhouse/tsv-encoder.ts'
import type { Delivery } from '../../src/logs/log-store.ts'
import { encodeCopy } from '../../src/logs/postgres/copy-encoder.ts'
import { atOnce, type SlicedWork } from '../../src/time-slices.ts'
import { delivery, frame } from '../support/deliveries.ts'

const ENCODERS: Record<string, (deliveries: readonly Delivery[]) => SlicedWork<Buffer>> = {
  Postgres: (deliveries) => encodeCopy(deliveries),
  ClickHouse: (deliveries) => encodeTsv(deliveries, { writer: 1, batch: 2 }),
}

const noText = (bytes: number) =>
  Buffer.concat([Buffer.from(frame('')), Buffer.alloc(bytes, 0xff), Buffer.alloc(9)])

it.each(Object.keys(ENCODERS))('rows for %s are the same however often their encoding is paused', (name) => {
  const encode = ENCODERS[name] as (typeof ENCODERS)[string]
  const deliveries = [
    delivery([frame('small'), frame('x\t\\'.repeat(100_000)), frame('small again')]),
    delivery([]),
    delivery([noText(300_000), noText(30)]),
    delivery(Array.from({ length: 1_000 }, (_, at) => frame(`${at}`))),
  ]
  const paused = encode(deliveries)
  let pauses = 0
  while (!paused.run(() => true)) pauses++
  expect(pauses).toBeGreaterThan(40)
  expect(paused.result().equals(atOnce(encode(deliveries)))).toBe(true)
})

it.each(Object.keys(ENCODERS))(
  'a row for %s is the same whether it is written as a large one or not',
  (name) => {
    const encode = ENCODERS[name] as (typeof ENCODERS)[string]
    // Just below and just above what is large, their rows differ by the bytes between.
    for (const filling of ['x', '\t', '\0', '\xff']) {
      const sizes = [65_000, 66_000].map((bytes) => {
        const line = Buffer.concat([Buffer.from(frame('').trimEnd()), Buffer.alloc(bytes, filling, 'latin1')])
        return atOnce(encode([delivery([line])])).length
      })
      const [small = 0, large = 0] = sizes
      expect((large - small) % 1_000).toBe(0)
      expect(large).toBeGreaterThan(small)
    }
  },
)
