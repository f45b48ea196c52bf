// How long does a reader wait? Two million lines of one resource among twenty million of others, read over HTTP from the
// service as it runs in production.
import { createHash, randomBytes } from 'node:crypto'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import { type Bench, LINES_PER_DELIVERY, SENDERS } from './support/bench.ts'
import { startLoad } from './support/load.ts'
import { fillTo, prepareSeed } from './support/prefill.ts'
import { median } from './support/report.ts'
import { type BenchService, startService } from './support/service.ts'
import { freeBytes } from './support/workplace.ts'

const LINES = 2_000_000
/** The one that is read, and ten more of the same size. */
const RESOURCES = 11
const ROOM_BYTES_PER_LINE = 450
const DAY_MS = 86_400_000

interface Question {
  name: string
  aimMs: number | null
  ask(): Promise<number>
}

export async function viewer(bench: Bench): Promise<void> {
  const { quick, report, workplace, postgres, scope } = bench
  const lines = quick ? LINES / 20 : LINES
  report.title(
    `what a reader of ${lines.toLocaleString('en-US')} lines among ${(lines * RESOURCES).toLocaleString('en-US')} waits for`,
  )
  const wanted = lines * RESOURCES * ROOM_BYTES_PER_LINE
  const free = freeBytes(postgres.dataDirectory)
  if (free < wanted) {
    report.note(
      `SKIPPED: ${(free / 1e9).toFixed(0)} GB of disk are free, it wants ${(wanted / 1e9).toFixed(0)} GB.`,
    )
    return
  }
  const service = await startService(scope, { workplace, postgres, customers: RESOURCES })
  const { origin, customers, pool } = service
  const load = await startLoad(scope, workplace, {
    origin,
    customers,
    connections: SENDERS,
    linesPerDelivery: LINES_PER_DELIVERY,
  })
  await prepareSeed(service, load)
  await fillTo(pool, lines * RESOURCES, RESOURCES)
  // As autovacuum leaves what was stored before today; today's partition has been analyzed, and not vacuumed.
  await pool.query('analyze log_line')
  await pool.query('checkpoint')

  const { url, headers } = await admitReader(service)
  const rounds = quick ? 5 : 15
  const midnight = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS).toISOString()
  const page = async (query: string) => {
    const answer = await fetch(`${url}/lines?${query}`, { headers })
    const { lines: found } = (await answer.json()) as { lines: unknown[] }
    if (found.length === 0) throw new Error(`nothing was found for ${query}`)
  }
  const timed = (work: () => Promise<void>) => async () => {
    const started = performance.now()
    await work()
    return performance.now() - started
  }
  const questions: Question[] = [
    { name: 'first page', aimMs: 100, ask: timed(() => page('limit=200')) },
    { name: 'a common word', aimMs: 150, ask: timed(() => page('q=status&limit=200')) },
    {
      name: 'histogram of the day: newest part',
      aimMs: null,
      ask: () => timeToEvent(`${url}/histogram?from=${midnight}`, headers, (name) => name === 'bars'),
    },
    {
      name: 'histogram of the day: all lines',
      aimMs: 500,
      ask: () =>
        timeToEvent(
          `${url}/histogram?from=${midnight}`,
          headers,
          (_, data) => data.counted_to !== null && data.counted_to === data.from,
        ),
    },
    {
      name: 'histogram of a common word: first bars',
      aimMs: null,
      ask: () =>
        timeToEvent(`${url}/histogram?q=status&from=${midnight}`, headers, (name) => name === 'bars'),
    },
    {
      name: 'streamed search: first lines of level:error',
      aimMs: null,
      ask: () => timeToEvent(`${url}/search?q=level:error`, headers, (name) => name === 'lines'),
    },
    { name: 'fields of the newest 5,000', aimMs: null, ask: timed(() => get(`${url}/fields`, headers)) },
  ]
  const rows: (string | number)[][] = []
  for (const { name, aimMs, ask } of questions) {
    await ask()
    const times: number[] = []
    for (let round = 0; round < rounds; round++) times.push(await ask())
    const slowest = Math.max(...times)
    rows.push([name, median(times), slowest, aimMs === null ? '' : `${aimMs}`])
    report.figure(name, median(times), 'ms')
  }
  report.table(['question', 'ms (median)', 'ms (slowest)', 'aim'], rows)
}

/** A program with a token of the first customer. */
async function admitReader({ origin, customers, pool }: BenchService) {
  const token = `culvert_${randomBytes(32).toString('base64url')}`
  const resourceId = customers[0]?.resourceId
  await pool.query(
    `insert into api_token (resource_id, token_digest, name, hint) values ($1, $2, 'bench', '')`,
    [resourceId, createHash('sha256').update(token).digest()],
  )
  return { url: `${origin}/resources/${resourceId}`, headers: { authorization: `Bearer ${token}` } }
}

async function get(url: string, headers: Record<string, string>): Promise<void> {
  const answer = await fetch(url, { headers })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`)
  await answer.arrayBuffer()
}

/** Milliseconds from the question to the first such event; then the reader hangs up. */
async function timeToEvent(
  url: string,
  headers: Record<string, string>,
  isIt: (name: string | undefined, data: Record<string, unknown>) => boolean,
): Promise<number> {
  const leaving = new AbortController()
  const started = performance.now()
  const answer = await fetch(url, {
    headers: { ...headers, accept: 'text/event-stream' },
    signal: leaving.signal,
  })
  if (answer.body === null) throw new Error(`${url} answered ${answer.status}`)
  const events = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
  try {
    for await (const { event, data } of events) {
      if (isIt(event, JSON.parse(data))) return performance.now() - started
    }
    throw new Error(`${url} ended without it`)
  } finally {
    leaving.abort()
  }
}
