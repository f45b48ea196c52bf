// What log endpoints cost those who deliver: how long an answer takes without any and with fifty that stream, in turns, so
// that whatever else the machine does falls on both. Each turn has a second run without any: what that says of the first is
// what the machine alone makes of two runs that are the same. Which comes first changes from turn to turn, so that what one
// leaves behind for the next falls on all. The receiver runs here, in this process.
import { createHash, randomBytes } from 'node:crypto'
import type { Bench } from './support/bench.ts'
import { describeFailures, startLoad } from './support/load.ts'
import { startLogReceiver } from './support/log-receiver.ts'
import { median } from './support/report.ts'
import { runToStored, type StoredResult } from './support/run-to-stored.ts'
import { type BenchService, startService } from './support/service.ts'
import { checkpoint, emptyTables } from './support/tables.ts'

const DRAINS = 1_000
const LINES = 10
const ENDPOINTS = 50
const LINES_PER_SECOND = 10_000
/** Of each turn, not counted. */
const LEAD_SECONDS = 2
const KINDS = ['without', 'again', 'streaming'] as const
type Kind = (typeof KINDS)[number]

const FORMAT = '%h "%r" %>s %b %D %{json.escape(line.message)}V'

export async function endpoints({ quick, workplace, postgres, report, scope }: Bench): Promise<void> {
  // Many short ones: what else the machine does comes and goes within a minute.
  const turns = quick ? 3 : 15
  const seconds = quick ? 4 : 8
  report.title(
    `${DRAINS} drains, ${LINES} lines a delivery, ${LINES_PER_SECOND} lines/s; ${turns} turns of three times ${seconds} s, without log endpoints, again without, and with ${ENDPOINTS}`,
  )
  const service = await startService(scope, { workplace, postgres, customers: DRAINS })
  const receiver = await startLogReceiver(scope)
  const versions = await Promise.all(
    service.customers
      .slice(0, ENDPOINTS)
      .map(({ resourceId }) => createEndpoint(service, resourceId, receiver.url)),
  )
  const load = await startLoad(scope, workplace, {
    origin: service.origin,
    customers: service.customers,
    connections: DRAINS,
    linesPerDelivery: LINES,
  })
  const run = (forSeconds = seconds) =>
    runToStored(service, load, { seconds: forSeconds, linesPerSecond: LINES_PER_SECOND })
  const activate = () => Promise.all(versions.map((version) => version.put('activate')))
  const deactivate = () => Promise.all(versions.map((version) => version.put('deactivate')))
  // Not counted: both ways are compiled when the turns begin.
  await run()
  await activate()
  await run()
  await deactivate()

  const results: Record<Kind, StoredResult[]> = { without: [], again: [], streaming: [] }
  const runFresh = async () => {
    await emptyTables(service.pool)
    await checkpoint(service.pool)
    // What has not run for a while is compiled again, and streams that were just begun go in step.
    await run(LEAD_SECONDS)
    return run()
  }
  const runStreaming = async () => {
    await activate()
    const before = receiver.frames
    const result = await runFresh()
    if (receiver.frames === before) throw new Error('nothing was streamed on')
    await deactivate()
    return result
  }
  for (let turn = 0; turn < turns; turn++) {
    for (let place = 0; place < KINDS.length; place++) {
      const kind = KINDS[(turn + place) % KINDS.length] as Kind
      results[kind].push(await (kind === 'streaming' ? runStreaming() : runFresh()))
    }
  }

  const of = (kind: Kind, key: 'p50' | 'p99') => median(results[kind].map(({ latency }) => latency[key]))
  report.table(
    ['', 'p50 ms', 'p99 ms', 'answers'],
    KINDS.map((kind) => [
      kind,
      of(kind, 'p50'),
      of(kind, 'p99'),
      describeFailures(results[kind].at(-1) as StoredResult),
    ]),
  )
  report.note(`${receiver.frames} lines were streamed on.\n`)
  for (const key of ['p50', 'p99'] as const) {
    for (const kind of KINDS) report.figure(`${kind}: ${key}`, of(kind, key), 'ms')
    for (const kind of ['again', 'streaming'] as const) {
      // Of each turn its own: neighbours in time share what else went on.
      const ratios = results[kind].map(
        ({ latency }, turn) => latency[key] / (results.without[turn] as StoredResult).latency[key],
      )
      report.ratio(`${kind}: ${key}`, `without: ${key}`, median(ratios))
      report.note(
        `${kind}, ${key}: ${median(ratios).toFixed(2)}; ${ratios.map((ratio) => ratio.toFixed(2)).join(', ')}`,
      )
    }
  }
}

interface Version {
  put(what: 'activate' | 'deactivate'): Promise<void>
}

/** A service with one endpoint for the resource, not active yet. */
async function createEndpoint(
  { origin, pool }: BenchService,
  resourceId: string,
  url: string,
): Promise<Version> {
  const key = randomBytes(32).toString('base64url')
  await pool.query(
    `insert into api_token (resource_id, token_digest, name, hint) values ($1, $2, 'bench', '')`,
    [resourceId, createHash('sha256').update(key).digest()],
  )
  const call = async (method: string, path: string, body?: Record<string, string>) => {
    const answer = await fetch(`${origin}${path}`, {
      method,
      headers: { 'fastly-key': key },
      ...(body && { body: new URLSearchParams(body) }),
    })
    if (!answer.ok) throw new Error(`${method} ${path}: ${await answer.text()}`)
    return (await answer.json()) as { id: string }
  }
  const { id } = await call('POST', '/service', { name: 'bench' })
  const version = `/service/${id}/version/1`
  await call('POST', `${version}/logging/heroku`, { name: 'bench', token: 't.bench', url, format: FORMAT })
  return {
    async put(what) {
      await call('PUT', `${version}/${what}`)
    },
  }
}
