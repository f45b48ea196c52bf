// Counting all lines of a resource by time, for a histogram without a search.
import type { CountQuery, LineCount } from '../log-store.ts'
import { BIN, binOf, micros } from './line-rows.ts'
import { inSearch, type SearchPools } from './read-lines.ts'

export function countLines(pools: SearchPools, query: CountQuery): Promise<LineCount[]> {
  const { resourceNumber, from, to, stepSeconds, signal } = query
  return inSearch(pools, { signal }, 'read committed', async (client) => {
    const { rows } = await client.query<{ at: string; lines: string }>(
      // The step as a timestamp inside, as a number only for the result: making one of each line would cost more than
      // reading it.
      `select (extract(epoch from step) * 1000000)::bigint as at, lines
         from (select date_bin(make_interval(secs => $4), sent_at, timestamptz 'epoch') as step, count(*) as lines
                 from log_line
                where resource_number = $1
                  and ${BIN} >= ${binOf(micros('$2'))} and ${BIN} <= ${binOf(micros('$3'))}
                  and sent_at >= ${micros('$2')} and sent_at < ${micros('$3')}
                group by 1) as counted`,
      [resourceNumber, from, to, stepSeconds],
    )
    return rows.map(({ at, lines }) => ({ at: Number(at), lines: Number(lines) }))
  })
}
