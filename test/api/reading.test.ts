// Search, context, histogram, fields, export, gaps and about, over lines whose times are known.
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { createParser } from 'eventsource-parser'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { counted, delivery, frame } from '../support/deliveries.ts'
import { isOverClickHouse } from '../support/logs.ts'

const NOON = Date.UTC(2026, 10, 21, 12)
const COUNT = 2_500

let service: Service
let id: string
let cookie: string
let origin: string

/** One line a second before noon; each tenth an error, each hundredth is rare. */
const message = (at: number) =>
  `n=${at} ${at % 10 === 0 ? 'level=error' : at % 10 === 5 ? 'level=warn' : 'level=info'}${at % 100 === 0 ? ' rare' : ''}`
const sentAt = (at: number) => new Date(NOON - (COUNT - at) * 1_000)
const frames = Array.from({ length: COUNT }, (_, at) =>
  frame(message(at), {
    at: sentAt(at).toISOString().replace('Z', '000+00:00'),
    process: at % 2 === 0 ? 'web.1' : 'worker.1',
  }),
)

beforeAll(async () => {
  service = await startService()
  service.clock.now = new Date(NOON)
  const [resource, other] = [
    await provisioned(service, { name: 'culvert-deep-1' }),
    await provisioned(service),
  ]
  id = resource.id
  cookie = await signedIn(service, id)
  await service.logs.makeTables([7], new Date(NOON))
  const { rows } = await service.database.pool.query(
    'select resource_number, id from drain where resource_number = any($1)',
    [[resource.number, other.number]],
  )
  const drainOf = (number: number) => rows.find((row) => row.resource_number === number).id
  await service.database.pool.query("update drain set app_id = 'a1', app_name = 'shop' where id = $1", [
    drainOf(resource.number),
  ])
  await service.logs.append([
    delivery(frames, {
      resourceNumber: resource.number,
      drainId: drainOf(resource.number),
      receivedAtMicros: NOON * 1000,
      losses: [{ kind: 'logplex_overflow', lines: 12 }],
    }),
    delivery([frame('rare secret of another', { at: sentAt(5).toISOString() })], {
      resourceNumber: other.number,
      drainId: drainOf(other.number),
    }),
  ])
  origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => service.close())

async function get(path: string, headers: Record<string, string> = {}) {
  return service.app.inject({ url: `/resources/${id}${path}`, headers: { cookie, ...headers } })
}

interface Told {
  name: string
  data: Record<string, unknown>
}

async function events(path: string): Promise<Told[]> {
  const answer = await get(path, { accept: 'text/event-stream' })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8')
  const told: Told[] = []
  const parser = createParser({
    onEvent: ({ event, data }) => told.push({ name: event ?? '', data: JSON.parse(data) }),
  })
  parser.feed(answer.body)
  return told
}

const numbers = (lines: unknown) =>
  (lines as { message: string }[]).map((line) => Number(/n=(\d+)/.exec(line.message)?.[1]))

describe('a search that streams', () => {
  const linesOf = (told: Told[]) =>
    told.filter(({ name }) => name === 'lines').flatMap(({ data }) => numbers(data.lines))

  it('gives all that matches, newest first, says how far it came, and ends', async () => {
    const told = await events('/search?q=rare')
    expect(linesOf(told)).toEqual(Array.from({ length: 25 }, (_, at) => 2_400 - at * 100))
    expect(told[0]).toEqual({ name: 'understood', data: { query: 'rare', hints: [] } })
    expect(told.at(-1)).toEqual({ name: 'done', data: { older: null } })
  })

  it('stops at a thousand lines, and goes on from there', async () => {
    const first = await events('/search')
    const older = first.at(-1)?.data.older as string
    const second = await events(`/search?before=${older}`)
    const third = await events(`/search?before=${second.at(-1)?.data.older}`)
    expect([first, second, third].map((told) => linesOf(told).length)).toEqual([1_000, 1_000, 500])
    expect([first, second, third].flatMap(linesOf)).toEqual(
      Array.from({ length: COUNT }, (_, at) => COUNT - 1 - at),
    )
    expect(third.at(-1)).toEqual({ name: 'done', data: { older: null } })
    const progress = first
      .filter(({ name }) => name === 'progress')
      .map(({ data }) => data.searched_to as string)
    expect(progress.length).toBeGreaterThan(2)
    expect(progress).toEqual(progress.toSorted().reverse())
  })

  it('keeps to its span of time', async () => {
    const told = await events(`/search?from=${sentAt(10).toISOString()}&to=${sentAt(13).toISOString()}`)
    expect(linesOf(told)).toEqual([12, 11, 10])
  })

  it('is answered as JSON what cannot be searched', async () => {
    const answer = await get('/search?before=nonsense', { accept: 'text/event-stream' })
    expect(answer.statusCode).toBe(422)
    expect(answer.json().id).toBe('invalid_params')
  })

  // What runs for him there is ClickHouse's to end: test/logs/clickhouse/hang-up.test.ts.
  it.skipIf(isOverClickHouse)('ends in the database when its reader hangs up', async () => {
    const { pool } = service.database
    const holder = await pool.connect()
    await holder.query('begin; lock table log_line, line_writer in access exclusive mode')
    const waiting = async () => {
      const { rows } = await pool.query(
        "select count(*)::integer as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      )
      return rows[0].count
    }
    const outgoing = request(`${origin}/resources/${id}/search?q=rare`, {
      headers: { cookie, accept: 'text/event-stream' },
    })
    outgoing.on('error', () => {})
    outgoing.end()
    await vi.waitFor(async () => expect(await waiting()).toBe(1), { timeout: 5_000 })
    outgoing.destroy()
    await vi.waitFor(async () => expect(await waiting()).toBe(0), { timeout: 5_000 })
    await holder.query('rollback')
    holder.release()
  })
})

describe('the context of a line', () => {
  const cursorOf = async (n: number) =>
    (await get(`/lines?q=${encodeURIComponent(`n:${n}`)}`)).json().lines[0].cursor

  it('is what stands before and behind it, and the line itself', async () => {
    const answer = (await get(`/context?cursor=${await cursorOf(1_000)}&limit=10`)).json()
    expect(numbers(answer.lines)).toEqual([1004, 1003, 1002, 1001, 1000, 999, 998, 997, 996, 995])
    expect(answer).toMatchObject({ found: true, at: sentAt(1_000).toISOString().replace('Z', '000Z') })
    const older = (await get(`/lines?before=${answer.older}&limit=2`)).json()
    expect(numbers(older.lines)).toEqual([994, 993])
    const newer = (await get(`/lines?after=${answer.newer}&limit=2`)).json()
    expect(numbers(newer.lines)).toEqual([1006, 1005])
  })

  it('can be that of its process, or of its app', async () => {
    const cursor = await cursorOf(1_000)
    const process = (await get(`/context?cursor=${cursor}&limit=6&scope=process`)).json()
    expect(numbers(process.lines)).toEqual([1004, 1002, 1000, 998, 996, 994])
    const app = (await get(`/context?cursor=${cursor}&limit=4&scope=app`)).json()
    expect(numbers(app.lines)).toEqual([1001, 1000, 999, 998])
  })

  it('stops at both ends of what is kept', async () => {
    const first = (await get(`/context?cursor=${await cursorOf(0)}&limit=4`)).json()
    expect(numbers(first.lines)).toEqual([1, 0])
    expect(first.older).toBeNull()
    const last = (await get(`/context?cursor=${await cursorOf(COUNT - 1)}&limit=4`)).json()
    expect(numbers(last.lines)).toEqual([COUNT - 1, COUNT - 2, COUNT - 3])
    expect(last.newer).not.toBeNull()
  })

  it('of a line that is gone is its neighbourhood in time', async () => {
    const gone = `${sentAt(500).getTime() * 1000 + 1}-${NOON * 1000}`
    const answer = (await get(`/context?cursor=${gone}&limit=4`)).json()
    expect(answer.found).toBe(false)
    expect(numbers(answer.lines)).toEqual([502, 501, 500, 499])
  })

  it.each(['', 'cursor=x', 'cursor=1-1&limit=1', 'cursor=1-1&scope=dyno'])(
    'is not given for %j',
    async (query) => {
      expect((await get(`/context?${query}`)).statusCode).toBe(422)
    },
  )
})

interface HistogramAnswer {
  bars: { at: string; lines: number; errors: number; warnings: number }[]
  complete: boolean
}

const sums = ({ bars }: HistogramAnswer) => ({
  lines: bars.reduce((sum, bar) => sum + bar.lines, 0),
  errors: bars.reduce((sum, bar) => sum + bar.errors, 0),
  warnings: bars.reduce((sum, bar) => sum + bar.warnings, 0),
})

describe('the histogram', () => {
  const span = `from=${sentAt(0).toISOString()}&to=2026-11-21T12`

  it.each(['', 'q=n:*&'])('counts lines, errors and warnings in whole steps (%j)', async (q) => {
    const answer = (await get(`/histogram?${q}${span}&bars=50`)).json()
    expect(answer).toMatchObject({
      from: '2026-11-21T11:18:00.000000Z',
      to: '2026-11-21T12:00:00.000000Z',
      step_seconds: 60,
      complete: true,
      counted_to: '2026-11-21T11:18:00.000000Z',
      levels_counted_to: '2026-11-21T11:18:00.000000Z',
    })
    expect(sums(answer)).toEqual({ lines: COUNT, errors: 250, warnings: 250 })
    expect(answer.bars.at(-1)).toEqual({
      at: '2026-11-21T11:59:00.000000Z',
      lines: 60,
      errors: 6,
      warnings: 6,
    })
    expect(answer.bars.map((bar: { at: string }) => bar.at)).toEqual(
      answer.bars.map((bar: { at: string }) => bar.at).toSorted(),
    )
  })

  it.each([1, 2, 3, 4, 7, 13, 500])('counts every line once in %i bars', async (bars) => {
    const answer = (await get(`/histogram?${span}&bars=${bars}`)).json()
    expect(sums(answer)).toEqual({ lines: COUNT, errors: 250, warnings: 250 })
    expect(answer).toMatchObject({ complete: true, counted_to: answer.from })
  })

  it('counts what a search finds', async () => {
    expect(sums((await get(`/histogram?q=rare&${span}`)).json())).toEqual({
      lines: 25,
      errors: 25,
      warnings: 0,
    })
    expect((await get(`/histogram?q=nowhere&${span}`)).json()).toMatchObject({ bars: [], complete: true })
  })

  it('comes newest first as events, and ends with what it is', async () => {
    for (const q of ['', 'q=level:*&']) {
      const told = await events(`/histogram?${q}${span}&bars=50`)
      const bars = new Map<string, HistogramAnswer['bars'][number]>()
      for (const { name, data } of told) {
        if (name === 'bars') for (const bar of data.bars as HistogramAnswer['bars']) bars.set(bar.at, bar)
      }
      expect(sums({ bars: [...bars.values()], complete: true })).toEqual({
        lines: COUNT,
        errors: 250,
        warnings: 250,
      })
      expect(told.at(-1)).toMatchObject({ name: 'done', data: { complete: true } })
    }
    const [first] = await events(`/histogram?${span}&bars=50`)
    const newest = (first?.data.bars ?? []) as HistogramAnswer['bars']
    expect(newest.at(-1)?.at).toBe('2026-11-21T11:59:00.000000Z')
  })

  it('is of the last day without a span, and of a moment where the span is none', async () => {
    const day = (await get('/histogram')).json()
    expect(day).toMatchObject({ from: '2026-11-20T12:00:00.000000Z', step_seconds: 1_800 })
    expect((await get('/histogram?from=2026-11-21T12&to=2026-11-21T11')).statusCode).toBe(200)
    expect(sums((await get('/histogram?from=1970-01-01&to=2026-12-01&bars=500')).json()).lines).toBe(COUNT)
    expect((await get('/histogram?bars=0')).statusCode).toBe(422)
  })
})

describe('the fields', () => {
  it('are counted over the newest matching lines, most frequent first', async () => {
    const answer = (await get('/fields?q=level:error')).json()
    expect(answer).toMatchObject({ looked_at: 250, to: expect.stringMatching(/^2026-11-21T11:59/) })
    const named = (name: string) => answer.fields.find((one: { name: string }) => one.name === name)
    expect(named('level')).toEqual({ name: 'level', lines: 250, values: [{ value: 'error', lines: 250 }] })
    expect(named('process')).toEqual({
      name: 'process',
      lines: 250,
      values: [{ value: 'web.1', lines: 250 }],
    })
    expect(named('app')).toEqual({ name: 'app', lines: 250, values: [{ value: 'shop', lines: 250 }] })
    expect(named('n')).toMatchObject({ lines: 250 })
    expect(named('n').values).toHaveLength(10)
    expect((await get('/fields?q=nowhere')).json()).toEqual({
      looked_at: 0,
      from: null,
      to: null,
      fields: [],
    })
  })
})

describe('an export', () => {
  it('is all that matches as the frames that came in, byte for byte, oldest first', async () => {
    const answer = await get('/export?format=frames')
    expect(answer.headers['content-type']).toBe('application/logplex-1')
    expect(answer.headers['content-disposition']).toBe(
      'attachment; filename="culvert-deep-1-2026-11-21T120000.logplex"',
    )
    expect(answer.rawPayload.equals(Buffer.concat(frames.map(counted)))).toBe(true)
  })

  it('is text or JSON lines, compressed or not, within its span', async () => {
    const span = `from=${sentAt(10).toISOString()}&to=${sentAt(12).toISOString()}`
    const text = `2026-11-21T11:18:30.000000+00:00 app[web.1]: n=10 level=error\n2026-11-21T11:18:31.000000+00:00 app[worker.1]: n=11 level=info\n`
    expect((await get(`/export?format=text&${span}`)).body).toBe(text)
    const zipped = await get(`/export?format=text&gzip=true&${span}`)
    expect(zipped.headers['content-type']).toBe('application/gzip')
    expect(zipped.headers['content-disposition']).toMatch(/\.log\.gz"$/)
    expect(gunzipSync(zipped.rawPayload).toString()).toBe(text)
    const lines = (await get(`/export?q=rare`)).body.trimEnd().split('\n')
    expect(numbers(lines.map((line) => JSON.parse(line)))).toEqual(
      Array.from({ length: 25 }, (_, at) => at * 100),
    )
    expect((await get('/export?q=nowhere')).body).toBe('')
    expect((await get('/export?format=xml')).statusCode).toBe(422)
  })
})

it('the gaps tell what is missing, of which app, since when they are asked for', async () => {
  expect((await get('/gaps')).json()).toEqual({
    gaps: [
      {
        kind: 'logplex_overflow',
        lines: 12,
        minute: '2026-11-21T12:00Z',
        drain_id: expect.any(Number),
        app: 'shop',
      },
    ],
  })
  expect((await get('/gaps?from=2026-11-21T12:01')).json()).toEqual({ gaps: [] })
})

it('about tells the plan, the apps, and the way to change them', async () => {
  expect((await get('/about')).json()).toEqual({
    resource: { id, name: 'culvert-deep-1', plan: 'test', created_at: expect.any(String) },
    apps: [
      {
        drain_id: expect.any(Number),
        app_id: 'a1',
        name: 'shop',
        detached_at: null,
        last_received_at: expect.stringMatching(/^2026-11-21T12:00:00\.\d{6}Z$/),
      },
    ],
    addon: { id: 'culvert', name: 'Culvert' },
    brand: { name: 'Culvert', colour: expect.stringMatching(/^#/) },
    links: {
      dashboard: 'https://dashboard.heroku.com/apps/shop/resources',
      upgrade: 'https://dashboard.heroku.com/apps/shop/resources',
    },
    retention_days: 7,
    features: { alerts_mail: false },
  })
})
