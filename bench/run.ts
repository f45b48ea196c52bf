// npm run bench: runs the benchmarks that are named, or all of them, one after the other.
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { watchPackageRunner } from '../demo/package-runner.ts'
import { disk } from './disk.ts'
import { endpoints } from './endpoints.ts'
import { growth } from './growth.ts'
import { ingest } from './ingest.ts'
import { memory } from './memory.ts'
import { parse } from './parse.ts'
import { smallBatches } from './small-batches.ts'
import { soak } from './soak.ts'
import { stores } from './stores.ts'
import type { Bench } from './support/bench.ts'
import { describeMachine } from './support/machine.ts'
import { openPostgres } from './support/postgres.ts'
import { Report } from './support/report.ts'
import { Scope } from './support/scope.ts'
import { openWorkplace } from './support/workplace.ts'
import { viewer } from './viewer.ts'

const BENCHMARKS: Record<string, (bench: Bench) => Promise<void>> = {
  ingest,
  'small-batches': smallBatches,
  parse,
  disk,
  memory,
  growth,
  viewer,
  endpoints,
  stores,
  soak,
}
/** It takes an hour: only where it is asked for. */
const DEFAULT = Object.keys(BENCHMARKS).filter((name) => name !== 'soak')

const USAGE = `npm run bench -- [${Object.keys(BENCHMARKS).join('] [')}] [--quick] [--minutes 60] [--rate 100000] [--directory /where/there/is/room] [--profile /directory]`

interface Wishes {
  names: string[]
  quick: boolean
  minutes: number
  rate: number | undefined
  directory: string | undefined
  profileDirectory: string | undefined
}

function readWishes(): Wishes {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '60' },
      rate: { type: 'string' },
      directory: { type: 'string' },
      profile: { type: 'string' },
    },
  })
  const unknown = positionals.filter((name) => BENCHMARKS[name] === undefined)
  if (unknown.length > 0) throw new Error(`there is no benchmark ${unknown.join(', ')}`)
  const minutes = Number(values.minutes)
  if (!(minutes > 0)) throw new Error('--minutes wants a number')
  const rate = values.rate === undefined ? undefined : Number(values.rate)
  if (rate !== undefined && !(rate > 0)) throw new Error('--rate wants lines a second')
  const names = positionals.length > 0 ? positionals : DEFAULT
  const profileDirectory = values.profile === undefined ? undefined : resolve(values.profile)
  return { names, quick: values.quick, minutes, rate, directory: values.directory, profileDirectory }
}

async function runAll({ names, quick, minutes, rate, ...places }: Wishes, whole: Scope): Promise<void> {
  const workplace = openWorkplace(whole, places)
  const postgres = await openPostgres(whole, {
    url: process.env.DATABASE_URL || undefined,
    tls: (process.env.DATABASE_TLS || 'off') as 'off' | 'require' | 'verify',
    directory: workplace.directory,
  })
  const lines = [...describeMachine(), ...(await postgres.describe())]
  if (quick) lines.push('quick     short runs: they show that it works, their figures are rough')
  process.stdout.write(`${lines.join('\n')}\n`)

  for (const name of names) {
    const scope = whole.add(new Scope(), (opened) => opened.close())
    const report = new Report(name)
    await BENCHMARKS[name]?.({ quick, minutes, rate, workplace, postgres, report, scope })
    report.printFigures()
    await scope.close()
  }
}

const whole = new Scope()
// One signal closes what is open, which takes a moment; the second ends at once.
let interrupted = false
async function interrupt(): Promise<void> {
  if (interrupted) return
  interrupted = true
  await whole.end()
  process.exit(130)
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => void interrupt())
watchPackageRunner(() => void interrupt())

let wishes: Wishes
try {
  wishes = readWishes()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${USAGE}\n`)
  process.exit(2)
}
try {
  await runAll(wishes, whole)
} catch (error) {
  // What is closed under a benchmark makes it fail; that is no news then.
  if (!interrupted) process.stderr.write(`${(error as Error).stack}\n`)
  process.exitCode = 1
} finally {
  await whole.close()
}
