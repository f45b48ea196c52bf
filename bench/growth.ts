// Does the ingest slow down as more is stored, or as more resources share it? Each size is measured in turns with the
// smallest one, in a database and with a service of its own: what the machine does besides falls on both.
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { type Load, startLoad } from './support/load.ts'
import { fillTo, prepareSeed } from './support/prefill.ts'
import { median } from './support/report.ts'
import { runToStored } from './support/run-to-stored.ts'
import { Scope } from './support/scope.ts'
import { type BenchService, startService } from './support/service.ts'
import { checkpoint, emptyTables } from './support/tables.ts'
import { freeBytes } from './support/workplace.ts'

interface Size {
  name: string
  lines: number
  resources: number
}

interface Stage {
  size: Size
  service: BenchService
  load: Load
}

/** Below it the largest size is left out: its lines, their index, the log and what is added by measuring. */
const ROOM_BYTES_PER_LINE = 800
const MILLION = 1_000_000

export async function growth(bench: Bench): Promise<void> {
  const { quick, report } = bench
  const unit = quick ? MILLION / 20 : MILLION
  const resources = 64
  report.title(`ingest rate by lines stored and by resources${quick ? ' (a twentieth of the lines)' : ''}`)
  await compare(
    bench,
    'lines stored',
    [1, 10, 50].map((millions) => ({
      name: `${(millions * unit) / MILLION} million lines`,
      lines: millions * unit,
      resources,
    })),
  )
  await compare(
    bench,
    'resources',
    [1, 100, 10_000].map((count) => ({
      name: `${count} resource${count === 1 ? '' : 's'}`,
      lines: unit,
      resources: count,
    })),
  )
}

async function compare(bench: Bench, what: string, sizes: readonly Size[]): Promise<void> {
  const { quick, report } = bench
  const turns = quick ? 3 : 7
  // Short, because what is added while measuring is soon as much as the smallest size.
  const seconds = quick ? 1 : 4
  const scope = bench.scope.add(new Scope(), (opened) => opened.close())
  const [first, ...others] = sizes as [Size, ...Size[]]
  const reference = await openStage(bench, scope, first)
  const firstRates: number[] = []
  const rows: (string | number)[][] = []
  const ratios: { name: string; rate: number; ratio: number }[] = []
  for (const size of others) {
    const wanted = size.lines * ROOM_BYTES_PER_LINE
    const free = freeBytes(bench.postgres.dataDirectory)
    if (free < wanted) {
      const [has, needs] = [free, wanted].map((bytes) => (bytes / 1e9).toFixed(0))
      report.note(`SKIPPED ${size.name}: ${has} GB of disk are free, it wants ${needs} GB.`)
      continue
    }
    const stageScope = scope.add(new Scope(), (opened) => opened.close())
    const stage = await openStage(bench, stageScope, size)
    const pairs: [number, number][] = []
    for (let turn = 0; turn < turns; turn++) {
      // It is small, and would soon be a multiple of itself.
      await refill(reference)
      pairs.push([await rateOf(reference, seconds), await rateOf(stage, seconds)])
    }
    firstRates.push(...pairs.map(([rate]) => rate))
    const rate = median(pairs.map(([, own]) => own))
    const ratio = median(pairs.map(([before, own]) => own / before))
    rows.push([size.name, rate, ratio])
    ratios.push({ name: size.name, rate, ratio })
    await stageScope.close()
  }
  if (firstRates.length > 0) rows.unshift([first.name, median(firstRates), 1])
  report.table([what, 'lines/s', `× of ${first.name}`], rows)
  const name = (size: string) => `${what}: ${size}`
  if (firstRates.length > 0) report.figure(name(first.name), median(firstRates), 'lines/s')
  for (const { name: size, rate, ratio } of ratios) {
    report.figure(name(size), rate, 'lines/s')
    report.ratio(name(size), name(first.name), ratio)
  }
  await scope.close()
}

async function openStage(bench: Bench, scope: Scope, size: Size): Promise<Stage> {
  const { workplace, postgres, quick } = bench
  const service = await startService(scope, { workplace, postgres, customers: size.resources })
  const { origin, customers } = service
  const plan = { origin, customers, connections: SENDERS, linesPerDelivery: LINES_PER_DELIVERY }
  const load = await startLoad(scope, workplace, plan)
  await prepareSeed(service, load)
  const stage = { size, service, load }
  await refill(stage)
  await runToStored(service, load, { seconds: quick ? 1 : 4 })
  return stage
}

/** Vacuumed, because a database that got its lines in a day would have been by now. */
async function refill({ size, service: { pool } }: Stage): Promise<void> {
  await emptyTables(pool)
  await fillTo(pool, size.lines, size.resources)
  await pool.query('vacuum (analyze) log_line')
  await pool.query('vacuum (analyze) delivery')
}

async function rateOf({ service, load }: Stage, seconds: number): Promise<number> {
  await checkpoint(service.pool)
  return (await runToStored(service, load, { seconds })).rate
}
