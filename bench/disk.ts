// Bytes on disk for each byte of frames received, as they are after the last commit and a checkpoint: nothing is
// vacuumed, rewritten or packed. The log of Postgres itself is not counted: it is recycled, however much is stored.
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { startLoad } from './support/load.ts'
import { runToStored } from './support/run-to-stored.ts'
import { Scope } from './support/scope.ts'
import { startService } from './support/service.ts'
import { checkpoint, diskUse, storedLines } from './support/tables.ts'

const RESOURCES = [1, 64, 1_000]

export async function disk({ quick, workplace, postgres, report, scope: whole }: Bench): Promise<void> {
  const lines = quick ? 300_000 : 3_000_000
  report.title(`${lines.toLocaleString('en-US')} lines, interleaved over 1, 64 and 1,000 resources`)
  const rows: (string | number)[][] = []
  for (const resources of RESOURCES) {
    const scope = whole.add(new Scope(), (opened) => opened.close())
    const service = await startService(scope, { workplace, postgres, customers: resources })
    const { origin, customers, pool } = service
    const load = await startLoad(scope, workplace, {
      origin,
      customers,
      connections: SENDERS,
      linesPerDelivery: LINES_PER_DELIVERY,
    })
    const result = await runToStored(service, load, { lines })
    const stored = await storedLines(pool)
    if (stored !== result.lines) throw new Error(`${result.lines} lines acknowledged, ${stored} stored`)
    await checkpoint(pool)
    const use = await diskUse(pool)
    const share = (bytes: number) => bytes / result.bytes
    rows.push([
      resources.toLocaleString('en-US'),
      result.bytes / result.lines,
      share(use.lineHeap),
      share(use.lineIndexes),
      share(use.rest),
      share(use.maps),
      share(use.total),
    ])
    const name = `${resources} resource${resources === 1 ? '' : 's'}`
    report.figure(`${name}: frames received`, result.bytes, 'bytes')
    for (const [part, bytes] of [
      ['on disk', use.total],
      ['lines', use.lineHeap],
      ['index of lines', use.lineIndexes],
      ['keys, usage and gaps', use.rest],
      ['maps', use.maps],
    ] as const) {
      report.ratio(`${name}: ${part}`, `${name}: frames received`, share(bytes))
    }
    await scope.close()
  }
  report.table(
    ['resources', 'bytes/frame', 'lines', 'their index', 'keys, usage, gaps', 'maps', 'all'],
    rows.map((row) => row),
  )
}
