// A delivery as a record of the spool, and back. Pure.
//
// The header is every field of the delivery but its bytes, whatever the fields are: a new one needs nothing here.
// The lines are not written down but parsed from the body again. Offsets from a file would be believed by code that
// cuts other customers' bytes by them.

import { parseFrames } from '../../logplex/frame-parser.ts'
import type { Delivery } from '../../logs/log-store.ts'
import { type DecodedRecord, type EncodedRecord, encodeRecord } from './record.ts'

/** A delivery that knows how its lines were read, so that they can be read again. */
export interface ReceivedDelivery extends Delivery {
  structuredData: boolean
}

export function encodeDelivery({ body, lines: _, ...header }: ReceivedDelivery): EncodedRecord {
  return encodeRecord(header, body)
}

/** Null where the header is not one that encodeDelivery wrote. */
export function decodeDelivery({ header, body }: DecodedRecord): ReceivedDelivery | null {
  const fields = parseHeader(header)
  if (fields === null) return null
  return { ...fields, body, lines: parseFrames(body, fields).lines }
}

type Header = Omit<ReceivedDelivery, 'body' | 'lines'>

function parseHeader(header: Buffer): Header | null {
  try {
    const fields: Partial<Header> | null = JSON.parse(header.toString())
    const isWhole =
      typeof fields?.drainId === 'number' &&
      typeof fields.resourceNumber === 'number' &&
      typeof fields.retentionDays === 'number' &&
      typeof fields.receivedAtMicros === 'number' &&
      typeof fields.structuredData === 'boolean' &&
      typeof fields.frameKey?.id === 'string'
    return isWhole ? (fields as Header) : null
  } catch {
    return null
  }
}
