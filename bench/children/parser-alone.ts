// The frame parser and the encoder of rows without any server around them: how many lines a second one processor does.
import { parseFrames } from '../../src/logplex/frame-parser.ts'
import type { Delivery } from '../../src/logs/log-store.ts'
import { encodeCopy } from '../../src/logs/postgres/copy-encoder.ts'
import { atOnce } from '../../src/time-slices.ts'
import { bodies } from '../support/corpus.ts'

const SEED = 20_261_121
const BODIES = 256
const LINES = 300
/** Each way is tried this often, in turns; the first turn is for the compiler. */
const TURNS = 4

export interface ParserRates {
  parse: number[]
  parseAndEncode: number[]
}

const generator = bodies(SEED, LINES)
const prepared = Array.from({ length: BODIES }, () => generator.next().value.bytes)

/** As at a commit: used again. */
const buffer = Buffer.allocUnsafeSlow(4_000_000)

const parse = (body: Buffer) => parseFrames(body, { structuredData: false }).lines
const parseAndEncode = (body: Buffer) => {
  const delivery: Delivery = {
    resourceNumber: 1,
    drainId: 1,
    retentionDays: 7,
    dailyBytes: 1e15,
    losses: [],
    frameKey: { id: '0'.repeat(32), rememberSeconds: 1 },
    receivedAtMicros: Date.now() * 1_000,
    body,
    lines: parse(body),
  }
  atOnce(encodeCopy([delivery], buffer))
  return delivery.lines
}

function rate(work: (body: Buffer) => { length: number }, seconds: number): number {
  const started = performance.now()
  let lines = 0
  while (performance.now() - started < seconds * 1_000)
    for (const body of prepared) lines += work(body).length
  return (lines * 1_000) / (performance.now() - started)
}

process.on('message', ({ seconds }: { seconds: number }) => {
  const rates: ParserRates = { parse: [], parseAndEncode: [] }
  for (let turn = 0; turn < TURNS; turn++) {
    rates.parse.push(rate(parse, seconds))
    rates.parseAndEncode.push(rate(parseAndEncode, seconds))
  }
  process.send?.({ parse: rates.parse.slice(1), parseAndEncode: rates.parseAndEncode.slice(1) })
})
// A profile is written when the process exits, not when it is killed.
process.once('SIGTERM', () => process.exit())
// Waiting for messages keeps it alive.
process.channel?.ref()
