// The columns `writer` and `batch`: what the lines of a transaction are called where Postgres does not keep them.
import type { LineBatch } from '../line-table.ts'

/** To be written into a statement. */
export function batchValues(batch: LineBatch | null): string {
  return batch === null ? 'null, null' : `${Number(batch.writer)}, ${Number(batch.batch)}`
}

export function toBatch(row: { writer: number | null; batch: string | null }): LineBatch | null {
  return row.writer === null ? null : { writer: row.writer, batch: Number(row.batch) }
}
