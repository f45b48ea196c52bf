// What a delivery costs: what counts where it waits in memory, in the spool, and towards the plan. Pure.
import type { LineList } from '../logplex/framed-line.ts'

/**
 * What a line costs at least, however short it is. A frame of three bytes takes 44 beside its own in memory, and 78 in
 * Postgres (measured). A Logplex writes 52 bytes and more around a message, of which the table keeps about as much: so what
 * a Logplex delivers costs its bytes, and frames that are nothing but a count cost more than theirs.
 */
export const LINE_BYTES = 50

/** @param bytes after decompression */
export function costOf(bytes: number, lines: number): number {
  return Math.max(bytes, lines * LINE_BYTES)
}

export function deliveryCost({ body, lines }: { body: Buffer; lines: LineList }): number {
  return costOf(body.length, lines.length)
}
