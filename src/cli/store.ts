// `culvert store copy`: the lines that Postgres keeps, into ClickHouse.
import { parseArgs } from 'node:util'
import { withAdvisoryLock } from '../database/advisory-lock.ts'
import { openClickHouse } from '../logs/clickhouse/clickhouse.ts'
import { copyLines } from '../logs/copy/copy-lines.ts'
import { DAY_MICROS } from '../logs/utc-day.ts'
import type { Command, CommandContext } from './command.ts'
import { createProgress, type Progress } from './progress.ts'
import { CommandError, withDatabase } from './with-database.ts'

/** Any number: of all copies. */
const COPY_LOCK = 7_201_024
const SINCE = /^(\d{1,4})([hd])$/

export const store: Command = {
  name: 'store',
  summary: 'copies the lines that Postgres keeps into ClickHouse',
  help: `culvert store copy --from postgres --to clickhouse [--since 7d]

Copies lines from the Postgres of DATABASE_URL into the ClickHouse of CLICKHOUSE_URL: what is not there yet, so the same
command goes on where it was ended. Meanwhile the service keeps new lines in both: run it with CLICKHOUSE_MODE=fill
before, and with CLICKHOUSE_MODE=read and then without it behind this. docs/growing.md has the whole way.

  --since 7d   how far back, in days (d) or hours (h); without it, all that is kept

Exit status: 0 all is copied; 2 it could not be.
`,
  async run([what, ...rest], context) {
    if (what === 'copy') return copy(rest, context)
    context.writeError('Say what to do with the store: copy. culvert store --help\n')
    return 2
  },
}

async function copy(args: string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { from: { type: 'string' }, to: { type: 'string' }, since: { type: 'string' } },
  })
  if (values.from !== 'postgres' || values.to !== 'clickhouse')
    throw new CommandError('Lines can be copied in one direction: --from postgres --to clickhouse')
  const now = Date.now() * 1_000
  const since = values.since === undefined ? 0 : now - readSpan(values.since)
  return withDatabase(context.environment, async ({ config, pool }) => {
    if (config.clickhouse === null) throw new CommandError('CLICKHOUSE_URL is not set: say where to copy to.')
    const clickhouse = await openClickHouse(config.clickhouse)
    try {
      const status = await withAdvisoryLock(pool, COPY_LOCK, async () => {
        let bar: Progress | undefined
        const { write, isTerminal = false } = context
        const { copied, there, resources } = await copyLines({
          pool,
          clickhouse,
          since,
          until: now,
          onProgress({ lines, done, copied: soFar }) {
            bar ??= createProgress(lines, { write, isTerminal, now: Date.now })
            bar.show(Math.min(done, lines), `${soFar} lines copied`)
          },
        })
        bar?.end()
        write(`Copied ${copied} lines of ${resources} resources; ${there} were there already.\n`)
        return 0
      })
      if (status === null) throw new CommandError('Lines are being copied already: wait for that to end.')
      return status
    } finally {
      await clickhouse.close()
    }
  })
}

/** In microseconds. @throws CommandError */
function readSpan(text: string): number {
  const [, count, unit] = SINCE.exec(text) ?? []
  if (count === undefined) throw new CommandError(`--since must be like 7d or 12h, not "${text}".`)
  return Number(count) * (unit === 'd' ? DAY_MICROS : DAY_MICROS / 24)
}
