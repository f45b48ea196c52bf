// What receiving and parsing costs, the commit taken out: lines a second through the service's whole HTTP path,
// beside a Fastify route that only reads the body, and beside how it is done elsewhere in Node. Each receiver is a
// process of its own, gets the same bytes, and they take turns.
//
// The load generator shares the processors with them. Where it is the slower of the two, a receiver's lines a second
// are too few; its lines for each second of its own processor time are right all the same, so both are told.
import { once } from 'node:events'
import type { ParserRates } from './children/parser-alone.ts'
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { startChild, waitForOutput } from './support/child.ts'
import { addCustomers, type Customer } from './support/customers.ts'
import { describeFailures, failureCount, type Load, startLoad } from './support/load.ts'
import { processorSeconds } from './support/processes.ts'
import { median } from './support/report.ts'

const RECEIVERS = {
  culvert: 'culvert, nothing committed',
  floor: 'Fastify, body read and dropped',
  split: 'Fastify, split and regexp',
  logfmt: 'Fastify, npm logfmt',
}
type Name = keyof typeof RECEIVERS
const NAMES = Object.keys(RECEIVERS) as Name[]

interface Receiver {
  pid: number
  load: Load
  rates: number[]
  /** Lines for each second that the receiver was on a processor. */
  perProcessorSecond: number[]
}

export async function parse(bench: Bench): Promise<void> {
  const { quick, report } = bench
  const turns = quick ? 3 : 7
  const seconds = quick ? 1.5 : 6
  report.title(
    `${SENDERS} senders, ${LINES_PER_DELIVERY} lines a request; ${turns} turns of ${seconds} s each`,
  )
  const receivers = await startReceivers(bench)
  for (const name of NAMES) await receivers[name].load.run({ seconds })
  for (let turn = 0; turn < turns; turn++) {
    for (const name of NAMES) await take(receivers[name], seconds)
  }
  const alone = await parserAlone(bench, quick ? 1 : 3)

  const ratioTo = (name: Name, read: (receiver: Receiver) => number[]) =>
    median(read(receivers.culvert).map((value, turn) => value / (read(receivers[name])[turn] as number)))
  const rates = (receiver: Receiver) => receiver.rates
  const perProcessor = (receiver: Receiver) => receiver.perProcessorSecond
  report.table(
    ['', 'lines/s', 'culvert is × as fast', 'lines/processor second', 'culvert × by processor'],
    NAMES.map((name) => [
      RECEIVERS[name],
      median(receivers[name].rates),
      ratioTo(name, rates),
      median(receivers[name].perProcessorSecond),
      ratioTo(name, perProcessor),
    ]),
  )
  report.table(
    ['without HTTP, one processor', 'lines/s'],
    [
      ['parser alone', median(alone.parse)],
      ['parser and row encoder', median(alone.parseAndEncode)],
    ],
  )
  for (const name of NAMES) report.figure(name, median(receivers[name].rates), 'lines/s')
  for (const name of NAMES) if (name !== 'culvert') report.ratio('culvert', name, ratioTo(name, rates))
  if (!Number.isNaN(median(receivers.culvert.perProcessorSecond))) {
    for (const name of NAMES) {
      const figure = `${name}, by processor time`
      report.figure(figure, median(receivers[name].perProcessorSecond), 'lines/processor-s')
      if (name !== 'culvert') report.ratio('culvert, by processor time', figure, ratioTo(name, perProcessor))
    }
  }
  report.figure('parser alone', median(alone.parse), 'lines/s')
  report.figure('parser and encoder', median(alone.parseAndEncode), 'lines/s')
}

async function startReceivers(bench: Bench): Promise<Record<Name, Receiver>> {
  const { scope, workplace, postgres } = bench
  const database = await postgres.createDatabase(scope)
  const environment = {
    DATABASE_URL: database.url,
    PLANS_FILE: workplace.plansFile,
    PUBLIC_URL: 'http://localhost:5000',
  }
  const file = workplace.compiled('bench/children/receiver.ts')
  const started: Partial<Record<Name, Receiver>> = {}
  let customers: Customer[] | undefined
  for (const name of NAMES) {
    const child = startChild(scope, {
      file,
      cwd: workplace.directory,
      environment: { ...environment, RECEIVER: name },
      profileDirectory: workplace.profileDirectory,
    })
    const origin = await waitForOutput(child, /listening at (http:\S+)/)
    // The first one is the service, which has made the tables by now.
    customers ??= await addCustomers(database.pool, SENDERS)
    const load = await startLoad(scope, workplace, {
      origin,
      customers,
      connections: SENDERS,
      linesPerDelivery: LINES_PER_DELIVERY,
      oldTimes: true,
    })
    started[name] = { pid: child.pid as number, load, rates: [], perProcessorSecond: [] }
  }
  return started as Record<Name, Receiver>
}

async function take(receiver: Receiver, seconds: number): Promise<void> {
  const before = processorSeconds([receiver.pid])
  const result = await receiver.load.run({ seconds })
  if (failureCount(result) > 0) throw new Error(`a receiver did not answer 204: ${describeFailures(result)}`)
  receiver.rates.push(result.lines / result.seconds)
  receiver.perProcessorSecond.push(result.lines / (processorSeconds([receiver.pid]) - before))
}

async function parserAlone({ scope, workplace }: Bench, seconds: number): Promise<ParserRates> {
  const file = workplace.compiled('bench/children/parser-alone.ts')
  const child = startChild(scope, {
    file,
    cwd: workplace.directory,
    profileDirectory: workplace.profileDirectory,
  })
  child.stderr?.pipe(process.stderr)
  child.send({ seconds })
  const [rates] = (await once(child, 'message')) as [ParserRates]
  return rates
}
