// Postgres' pg_snapshot as text, `xmin:xmax:xip,…`: which transactions could be seen at a moment (PostgreSQL manual,
// "Transaction ID and Snapshot Information Functions"). Pure.

export interface Snapshot {
  /** Every transaction below it had ended. */
  xmin: bigint
  /** None from it on had begun. */
  xmax: bigint
  /** Those between them that had not ended. */
  running: ReadonlySet<bigint>
}

const SHAPE = /^(\d{1,19}):(\d{1,19}):((?:\d{1,19}(?:,\d{1,19})*)?)$/

/** Undefined for what Postgres would not take for a snapshot. */
export function readSnapshot(text: string): Snapshot | undefined {
  const match = SHAPE.exec(text)
  if (!match) return undefined
  const [xmin, xmax] = [BigInt(match[1] as string), BigInt(match[2] as string)]
  const running = match[3] ? match[3].split(',').map(BigInt) : []
  const isOrdered = running.every((xid, at) => xid >= (running[at - 1] ?? xmin) && xid < xmax)
  return xmin > 0n && xmin <= xmax && isOrdered ? { xmin, xmax, running: new Set(running) } : undefined
}

/** True where the transaction, which has committed by now, was to be seen at that moment. */
export function isVisible(xid: bigint, { xmin, xmax, running }: Snapshot): boolean {
  return xid < xmin || (xid < xmax && !running.has(xid))
}
