// Counting all lines of a resource by time, for a histogram without a search.
import { BIN_SECONDS } from '../line-table.ts'
import type { CountQuery, LineCount } from '../log-store.ts'
import { BIN, micros } from './line-rows.ts'
import { inSearch, type SearchPools } from './read-lines.ts'

const BIN_MICROS = BIN_SECONDS * 1_000_000

export function countLines(pools: SearchPools, query: CountQuery): Promise<LineCount[]> {
  const { resourceNumber, from, to, stepSeconds, signal } = query
  const binnedFrom = Math.floor(from / BIN_MICROS) * BIN_MICROS
  const binnedTo = Math.ceil(to / BIN_MICROS) * BIN_MICROS
  // The index finds whole bins. Only where the span begins or ends within one are its lines looked at for that.
  const isWhole = binnedFrom === from && binnedTo === to
  const edges = isWhole ? '' : `and sent_at >= ${micros('$5')} and sent_at < ${micros('$6')}`
  return inSearch(pools, { signal }, 'read committed', async (client) => {
    const { rows } = await client.query<{ at: string; lines: string }>(
      // The step as a timestamp inside, as a number only for the result: making one of each line would cost more than
      // reading it.
      `select (extract(epoch from step) * 1000000)::bigint as at, lines
         from (select date_bin(make_interval(secs => $4), sent_at, timestamptz 'epoch') as step, count(*) as lines
                 from log_line
                where resource_number = $1
                  and ${BIN} >= ${micros('$2')} and ${BIN} < ${micros('$3')}
                  ${edges}
                group by 1) as counted`,
      [resourceNumber, binnedFrom, binnedTo, stepSeconds, ...(isWhole ? [] : [from, to])],
    )
    return rows.map(({ at, lines }) => ({ at: Number(at), lines: Number(lines) }))
  })
}
