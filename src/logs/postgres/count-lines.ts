// Counts all lines of a resource by time, for a histogram without a search.
//
// Postgres reads every line for it. They come from the index bin by bin and are counted so, which needs no hash table; the
// bins are then added up to steps. What was measured and tried: docs/decisions/0017-histogram-by-bins.md.
import { formatMicros } from '../../logplex/frame-form.ts'
import { BIN_SECONDS } from '../line-table.ts'
import type { CountQuery, LineCount } from '../log-store.ts'
import { BIN, binOf, micros } from './line-rows.ts'
import { inSearch, type SearchPools } from './read-lines.ts'

const BIN_MICROS = BIN_SECONDS * 1_000_000
/** With shorter steps too many bins hold parts of two, and would be read twice. */
const BINNED_STEP_SECONDS = 60

const [FROM, TO] = [micros('$2'), micros('$3')]
const IN_SPAN = `${BIN} >= ${binOf(FROM)} and ${BIN} <= ${binOf(TO)}`

const stepOf = (time: string) => `date_bin(make_interval(secs => $4), ${time}, timestamptz 'epoch')`

const byLine = (bins: string) => `
  select ${stepOf('sent_at')} as step, count(*) as lines
    from log_line
   where resource_number = $1 and ${bins} and sent_at >= ${FROM} and sent_at < ${TO}
   group by 1`

/** $5: the bins in which a step begins or ends. Only their lines are looked at one by one. */
const BY_BIN = `
  select ${stepOf('bin')} as step, lines
    from (select ${BIN} as bin, count(*) as lines
            from log_line
           where resource_number = $1 and ${IN_SPAN}
           group by 1) as binned
   where bin >= ${FROM} and bin < ${TO} and bin <> all($5::timestamptz[])
  union all
  ${byLine(`${BIN} = any($5::timestamptz[])`)}`

export function countLines(pools: SearchPools, query: CountQuery): Promise<LineCount[]> {
  const { resourceNumber, from, to, stepSeconds, signal } = query
  const isBinned = stepSeconds >= BINNED_STEP_SECONDS
  return inSearch(pools, { signal }, 'read committed', async (client) => {
    const { rows } = await client.query<{ at: string; lines: string }>(
      // The step as a timestamp inside, as a number only for the result: making one of each line would cost more than
      // reading it.
      `select (extract(epoch from step) * 1000000)::bigint as at, sum(lines) as lines
         from (${isBinned ? BY_BIN : byLine(IN_SPAN)}) as counted
        group by step`,
      [resourceNumber, from, to, stepSeconds, ...(isBinned ? [splitBins(query)] : [])],
    )
    return rows.map(({ at, lines }) => ({ at: Number(at), lines: Number(lines) }))
  })
}

function splitBins({ from, to, stepSeconds }: CountQuery): string[] {
  const bins: string[] = []
  for (let edge = from; edge <= to; edge += stepSeconds * 1_000_000) {
    const bin = Math.floor(edge / BIN_MICROS) * BIN_MICROS
    if (bin !== edge) bins.push(formatMicros(bin))
  }
  return bins
}
