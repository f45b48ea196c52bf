// What a format would send, asked before it is stored: on the resource's own last lines, and never for long.
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { createPreview } from '../../src/endpoints/preview.ts'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'
import { isOverClickHouse } from '../support/logs.ts'

const PATIENT = { timeout: 15_000, interval: 50 }
const NOON = Date.UTC(2026, 10, 21, 12) * 1000

let service: Service
let id: string
let number: number
let cookie: string

beforeAll(async () => {
  service = await startService()
  await service.logs.makeTables([7], new Date(NOON / 1000))
})
afterAll(() => service.close())
beforeEach(async () => {
  ;({ id, number } = await provisioned(service))
  cookie = await signedIn(service, id)
})

async function store(frames: readonly string[], resourceNumber = number): Promise<void> {
  await service.logs.append([delivery(frames, { resourceNumber, drainId: resourceNumber })])
}

async function preview(body: object, headers: Record<string, string> = { cookie }) {
  const answer = await service.app.inject({
    method: 'POST',
    url: `/resources/${id}/log-endpoints/preview`,
    headers: { 'content-type': 'application/json', 'sec-fetch-site': 'same-origin', ...headers },
    payload: JSON.stringify(body),
  })
  return { status: answer.statusCode, body: answer.json(), text: answer.body }
}

async function texts(body: object): Promise<string[]> {
  const answer = await preview(body)
  expect([answer.status, answer.body.mistakes]).toEqual([200, []])
  return answer.body.lines.map(({ text }: { text: string }) => text)
}

const router = (path: string, status: number) =>
  frame(`at=info method=GET path="${path}" host=x fwd="203.0.113.7" status=${status} bytes=5`, {
    source: 'heroku',
    process: 'router',
  })

describe('a preview', () => {
  it('shows the last lines as the format makes them, newest first', async () => {
    await store([router('/first', 200), frame('no request'), router('/last', 500)])
    expect(await texts({ format: '%h "%r" %>s' })).toEqual([
      '203.0.113.7 "GET /last" 500',
      '- "-" -',
      '203.0.113.7 "GET /first" 200',
    ])
    expect(await texts({ format: '%r %>s', format_version: 1 })).toContain('GET /last 500')
    const { body } = await preview({ format: '%{line.message}V' })
    expect(body.lines[1]).toMatchObject({
      source: 'app',
      process: 'web.1',
      text: 'no request',
      was_cut: false,
    })
  })

  it('shows the last lines that the condition lets through, from further back', async () => {
    await store([router('/rare', 503), ...Array.from({ length: 150 }, (_, at) => frame(`chatter ${at}`))])
    const { body } = await preview({ format: '%U', condition: 'resp.status >= 500' })
    expect(body.lines).toMatchObject([{ text: '/rare', process: 'router' }])
    expect(body.looked_at).toBe(151)
  })

  it('shows ten lines, and looks for them among the last thousand', async () => {
    await store([frame('out of reach'), ...Array.from({ length: 1_100 }, (_, at) => frame(`line ${at}`))])
    const last = await preview({ format: '%{line.message}V' })
    expect(last.body.lines).toHaveLength(10)
    expect([last.body.looked_at, last.body.lines[0].text]).toEqual([10, 'line 1099'])
    const { body } = await preview({ format: '%m', condition: 'line.message == "out of reach"' })
    expect(body.lines).toEqual([])
    expect(body.looked_at).toBeGreaterThan(0)
    expect(body.looked_at).toBeLessThanOrEqual(1_000)
  })

  it('ends early where its lines take long, and is whole again a moment later', async () => {
    await store(Array.from({ length: 50 }, (_, at) => frame(`line ${at}`)))
    let now = 0
    let stepMs = 30
    const ask = createPreview({
      services: { find: async () => null },
      logs: service.logs,
      appNames: async () => new Map(),
      addonId: 'culvert',
      clock: () => {
        now += stepMs
        return now
      },
    })
    const question = { serviceId: null, format: '%h', formatVersion: 2, statement: 'resp.status' } as const
    const lookedAt = async () => {
      const { signal } = new AbortController()
      return (await ask({ id, number }, { ...question, signal })).lookedAt
    }
    const some = await lookedAt()
    expect(some).toBeGreaterThan(5)
    expect(some).toBeLessThan(20)
    // One line takes longer than there is time: still it is an answer.
    stepMs = 2_000
    expect(await lookedAt()).toBe(1)
    now += 60_000
    stepMs = 0
    expect(await lookedAt()).toBe(50)
  })

  it('tells where a format and a condition are wrong, and why', async () => {
    await store([frame('a line')])
    expect((await preview({ format: 'ab %>s %{' })).body).toEqual({
      mistakes: [{ of: 'format', at: 7, text: expect.stringMatching(/\w/) }],
      lines: [],
      looked_at: 0,
    })
    const { body } = await preview({ format: '%{nothing.known}V', condition: 'resp.status >= ' })
    expect(body.mistakes).toEqual([
      { of: 'format', at: 2, text: expect.stringContaining('nothing.known') },
      { of: 'condition', at: 15, text: expect.stringMatching(/\w/) },
    ])
  })

  it('cuts what is longer than a frame, and leaves out what was sent on before, as the sender does', async () => {
    await store([
      frame('came back', { process: `${service.config.addon.id}-endpoint` }),
      frame('x'.repeat(12_000)),
    ])
    const { body } = await preview({ format: '%{line.message}V' })
    expect(body.lines).toHaveLength(1)
    expect(body.lines[0].was_cut).toBe(true)
    expect(body.lines[0].text).toMatch(/^x{9900,} \[cut: 12000 bytes\]$/)
  })

  it('takes no format that could not be stored either', async () => {
    for (const wrong of [
      {},
      { format: 7 },
      { format: 'x'.repeat(12_289) },
      { format: '%h', format_version: 3 },
      { format: '%h', condition: 'x'.repeat(4_001) },
    ]) {
      const { status, body } = await preview(wrong)
      expect([wrong, status, body.id]).toEqual([wrong, 422, 'invalid_params'])
    }
  })

  it('answers what the description of the API says', async () => {
    await store([frame('a line')])
    const document = (await service.app.inject('/openapi.json')).json()
    const described = document.paths['/resources/{id}/log-endpoints/preview'].post
    const ajv = new Ajv2020({ strict: false })
    addFormats.default(ajv)
    const validate = ajv.compile(described.responses['200'].content['application/json'].schema)
    for (const format of ['%h', '%'])
      expect([validate((await preview({ format })).body), validate.errors]).toEqual([true, null])
    expect(validate({})).toBe(false)
  })
})

describe('over a connection', () => {
  let origin: string
  beforeAll(async () => {
    origin = await service.app.listen({ host: '127.0.0.1', port: 0 })
  })

  const ask = (format: string, signal: AbortSignal | null = null) =>
    fetch(`${origin}/resources/${id}/log-endpoints/preview`, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      body: JSON.stringify({ format }),
      signal,
    })

  it('answers, though the body of its request has ended', async () => {
    await store([frame('a line')])
    const answer = await ask('%{line.message}V')
    expect([answer.status, await answer.json()]).toMatchObject([200, { lines: [{ text: 'a line' }] }])
  })

  // What runs for him there is ClickHouse's to end: test/logs/clickhouse/hang-up.test.ts.
  it.skipIf(isOverClickHouse)(
    'ends in the database when nobody waits for it any more, and is no error of ours',
    async () => {
      const { pool } = service.database
      const held = await pool.connect()
      onTestFinished(() => held.release(true))
      await held.query('begin; lock table log_line in access exclusive mode')
      const waiting = async () => {
        const { rowCount } = await pool.query(
          `select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
        )
        return rowCount
      }
      const leaving = new AbortController()
      const left = ask('%h', leaving.signal).catch((error: Error) => error.name)
      await vi.waitFor(async () => expect(await waiting()).toBe(1), PATIENT)
      leaving.abort()
      expect(await left).toBe('AbortError')
      await vi.waitFor(async () => expect(await waiting()).toBe(0), PATIENT)
      await held.query('rollback')
      expect((await ask('%h')).status).toBe(200)
      expect(service.logged.join('')).not.toContain('reading failed')
    },
  )
})

describe('of whose lines', () => {
  it('only of the resource that is asked', async () => {
    const other = await provisioned(service)
    await store([frame('a secret of others')], other.number)
    await store([frame('my own')])
    expect(await texts({ format: '%{line.message}V' })).toEqual(['my own'])
    for (const headers of [{}, { cookie: await signedIn(service, other.id) }])
      expect(await preview({ format: '%h' }, headers as Record<string, string>)).toMatchObject({
        status: 401,
        body: { id: 'session_required' },
      })
  })

  it('from our own page, or with an API token', async () => {
    await store([frame('my own')])
    const evil = { cookie, 'sec-fetch-site': 'cross-site' }
    expect(await preview({ format: '%h' }, evil)).toMatchObject({ status: 403, body: { id: 'cross_site' } })
    const made = await service.app.inject({
      method: 'POST',
      url: `/resources/${id}/tokens`,
      headers: { cookie, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' },
      payload: JSON.stringify({ name: 'of a test' }),
    })
    const authorization = `Bearer ${made.json().token}`
    expect(await preview({ format: '%{line.message}V' }, { authorization })).toMatchObject({
      status: 200,
      body: { lines: [{ text: 'my own' }] },
    })
  })

  it('names a service of the resource, and of no other', async () => {
    await store([frame('my own')])
    const servicesOf = async (resourceId: string, as: string) => {
      const url = `/resources/${resourceId}/log-endpoints`
      return (await service.app.inject({ url, headers: { cookie: as } })).json().services
    }
    const [own] = await servicesOf(id, cookie)
    expect(own).toMatchObject({ active_version: null, newest_version: 1, shown_version: 1, endpoints: [] })
    const format = '%{req.service_id}V'
    expect(await texts({ format, service_id: own.id })).toEqual([own.id])
    expect(await texts({ format })).toEqual(['-'])
    const other = await provisioned(service)
    const [theirs] = await servicesOf(other.id, await signedIn(service, other.id))
    expect(theirs.id).not.toBe(own.id)
    for (const strange of [theirs.id, 'nothing'])
      expect(await preview({ format, service_id: strange })).toMatchObject({
        status: 404,
        body: { id: 'not_found' },
      })
  })
})
