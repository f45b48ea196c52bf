// Body -> delivery: lines, losses, key and time of receipt.
import type { IncomingHttpHeaders } from 'node:http'
import { FrameParser, type ParsedBody } from '../logplex/frame-parser.ts'
import type { Loss } from '../logs/log-store.ts'
import { inSlices } from '../time-slices.ts'
import type { AdmittedDrain } from './admission.ts'
import type { DrainCounters } from './counters.ts'
import { frameKey } from './frame-key.ts'
import { findLosses } from './losses.ts'
import type { ReceiptClock } from './receipt-clock.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'

export interface ToDeliveryParts {
  clock: ReceiptClock
  counters: DrainCounters
}

/** Null if the body has no line: an empty probe is accepted and leaves nothing. */
export function toDelivery(
  body: Buffer,
  headers: IncomingHttpHeaders,
  drain: AdmittedDrain,
  parts: ToDeliveryParts,
): ReceivedDelivery | null | Promise<ReceivedDelivery | null> {
  const frameId = header(headers, 'logplex-frame-id')
  const userAgent = header(headers, 'user-agent') ?? ''
  // Without a frame id it is not a Logplex. log-shuttle says so in its user agent, too.
  const structuredData = frameId === undefined || userAgent.startsWith('log-shuttle/')
  const said = header(headers, 'logplex-msg-count')
  const announced = said === undefined ? undefined : Number(said)
  const parsed = inSlices(new FrameParser(body, { structuredData, announced }))
  const finish = (parsed: ParsedBody) => {
    count(parsed, announced, parts.counters)
    if (parsed.lines.length === 0) return null
    return {
      ...drain,
      losses: lossesOf(body, parsed, announced),
      frameKey: frameKey(frameId, header(headers, 'x-request-id')),
      receivedAtMicros: parts.clock.claim(parsed.lines.length),
      structuredData,
      body: keptBytes(body, parsed),
      lines: parsed.lines,
    }
  }
  return parsed instanceof Promise ? parsed.then(finish) : finish(parsed)
}

function count(
  { lines, malformed, beyond }: ParsedBody,
  announced: number | undefined,
  counters: DrainCounters,
) {
  const frames = lines.length + beyond
  counters.malformedFrames += malformed
  counters.tooManyLines += beyond
  if ((announced ?? frames) !== frames) counters.countMismatches++
}

function lossesOf(body: Buffer, { lines, beyond }: ParsedBody, announced: number | undefined): Loss[] {
  const losses = findLosses(body, lines, announced === undefined ? lines.length : announced - beyond)
  if (beyond > 0) losses.push({ kind: 'too_many_lines', lines: beyond })
  return losses
}

/** Drops the bytes of lines beyond the bound, which would only take memory and disk. */
function keptBytes(body: Buffer, { bytes }: ParsedBody): Buffer {
  return bytes === body.length ? body : Buffer.from(body.subarray(0, bytes))
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}
