// Deliveries for tests of whatever is behind the frame parser.
import { randomUUID } from 'node:crypto'
import { parseFrames } from '../../src/logplex/frame-parser.ts'
import type { Delivery } from '../../src/logs/log-store.ts'

/** A frame with its octet count. */
export function counted(frame: string | Uint8Array): Buffer {
  const bytes = Buffer.from(frame as string)
  return Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
}

/** A line as Logplex writes it, without its octet count. */
export function frame(
  message: string,
  fields: { at?: string; source?: string; process?: string } = {},
): string {
  const { at = '2026-11-21T10:00:00.000000+00:00', source = 'app', process = 'web.1' } = fields
  return `<190>1 ${at} host ${source} ${process} - ${message}\n`
}

/** One delivery of the frames, received at noon of 21 November 2026 unless said otherwise. */
export function delivery(frames: readonly (string | Uint8Array)[], fields: Partial<Delivery> = {}): Delivery {
  const body = fields.body ?? Buffer.concat(frames.map(counted))
  return {
    resourceNumber: 1,
    drainId: 1,
    retentionDays: 7,
    dailyBytes: 1_000_000_000,
    losses: [],
    frameKey: { id: randomUUID().replaceAll('-', ''), rememberSeconds: 86_400 },
    receivedAtMicros: Date.UTC(2026, 10, 21, 12) * 1000,
    body,
    lines: parseFrames(body, { structuredData: false }).lines,
    ...fields,
  }
}
