import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { decodeDelivery, encodeDelivery } from '../../../src/drain/spool/delivery-record.ts'
import { decodeRecords, encodeRecord, markRecord } from '../../../src/drain/spool/record.ts'
import { counted, delivery, frame } from '../../support/deliveries.ts'

const MARKER = randomBytes(8)

function segment(bodies: readonly Uint8Array[]): { bytes: Buffer; ends: number[] } {
  const ends: number[] = []
  let at = 0
  const parts = bodies.flatMap((body, number) => {
    const record = encodeRecord({ number }, Buffer.from(body))
    markRecord(record, MARKER)
    at += record.bytes
    ends.push(at)
    return [record.head, record.body]
  })
  return { bytes: Buffer.concat(parts), ends }
}

const numbers = (bytes: Buffer) =>
  decodeRecords(bytes, MARKER).records.map(({ header }) => JSON.parse(header.toString()).number as number)

const someBodies = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 12 })

it('gives back what was written', () => {
  fc.assert(
    fc.property(someBodies, (bodies) => {
      const { bytes } = segment(bodies)
      const { records, damages, damagedBytes } = decodeRecords(bytes, MARKER)
      expect({ damages, damagedBytes }).toEqual({ damages: 0, damagedBytes: 0 })
      expect(records.map(({ body }) => Buffer.from(body))).toEqual(bodies.map((body) => Buffer.from(body)))
    }),
  )
})

it('loses to a damaged place only the records that it touches, and never throws', () => {
  const damage = fc.record({ at: fc.nat(), bytes: fc.uint8Array({ minLength: 1, maxLength: 60 }) })
  fc.assert(
    fc.property(someBodies, fc.array(damage, { minLength: 1, maxLength: 3 }), (bodies, damages) => {
      const { bytes, ends } = segment(bodies)
      const damaged = Buffer.from(bytes)
      for (const { at, bytes: noise } of damages)
        damaged.set(noise.subarray(0, bytes.length - (at % bytes.length)), at % bytes.length)
      const intact = ends
        .map((end, number) => ({ number, start: ends[number - 1] ?? 0, end }))
        .filter(({ start, end }) => bytes.subarray(start, end).equals(damaged.subarray(start, end)))
        .map(({ number }) => number)
      expect(numbers(damaged)).toEqual(intact)
    }),
    { numRuns: 500 },
  )
})

it('gives back every whole record of a segment that was cut anywhere', () => {
  fc.assert(
    fc.property(someBodies, fc.nat(), (bodies, cut) => {
      const { bytes, ends } = segment(bodies)
      const length = cut % (bytes.length + 1)
      const { records, damages } = decodeRecords(bytes.subarray(0, length), MARKER)
      const whole = ends.filter((end) => end <= length)
      expect(records).toHaveLength(whole.length)
      expect(damages).toBe(length === (whole.at(-1) ?? 0) ? 0 : 1)
    }),
  )
})

it('takes noise for no record, and finds none in the body of another that is damaged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 500 }), (noise) => {
      expect(numbers(Buffer.from(noise))).toEqual([])
    }),
  )
  // What an app could write into its log: a record as of another segment, whose marker it cannot know.
  const forged = encodeRecord({ number: 666 }, Buffer.from('forged'))
  markRecord(forged, randomBytes(8))
  const { bytes } = segment([Buffer.concat([forged.head, forged.body]), Buffer.from('next')])
  bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9)
  expect(numbers(bytes)).toEqual([1])
})

it('keeps every field of a delivery, and reads its lines again as they were read', () => {
  const original = {
    ...delivery([frame('one'), frame('- two'), 'no frame'], { losses: [{ kind: 'quota', lines: 3 }] }),
    structuredData: false,
    somethingNew: [1, 2],
  }
  const { head, body } = encodeDelivery(original)
  markRecord({ head, body, bytes: 0 }, MARKER)
  const [record] = decodeRecords(Buffer.concat([head, body]), MARKER).records
  expect(record && decodeDelivery(record)).toEqual(original)

  const withStructuredData = { ...delivery([], { body: counted(frame('- two')) }), structuredData: true }
  const read = decodeDelivery({
    header: Buffer.from(JSON.stringify({ ...withStructuredData, body: undefined, lines: undefined })),
    body: withStructuredData.body,
  })
  const line = read?.lines.at(0)
  expect(read?.body.toString('utf8', line?.messageStart, line?.messageEnd)).toBe('two')
})

it('takes no header that is not a delivery', () => {
  for (const header of ['', 'null', '[]', '{"drainId":1}', '{', '"text"'])
    expect(decodeDelivery({ header: Buffer.from(header), body: Buffer.alloc(0) })).toBeNull()
})
