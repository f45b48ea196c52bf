import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { counted, delivery, frame } from '../support/deliveries.ts'
import { isOverClickHouse } from '../support/logs.ts'

const NOON = Date.UTC(2026, 10, 21, 12) * 1000

let service: Service
let id: string
let cookie: string

// message, and second of 10:00 at which it was sent
const FRAMES = [
  frame('first line of all', { at: '2026-11-21T10:00:01.000001+00:00' }),
  frame('GET /checkout status=500', {
    at: '2026-11-21T10:00:02.000002+00:00',
    source: 'heroku',
    process: 'router',
  }),
  frame('zażółć gęślą jaźń', { at: '2026-11-21T10:00:03.000003+00:00' }),
  '<40>1 2026-11-21T10:00:04.000004+00:00 host heroku web.1 - State changed from up to crashed',
  frame('status=500 again', { at: '2026-11-21T10:00:05.000005+00:00' }),
]

beforeAll(async () => {
  service = await startService()
  const [resource, other] = [await provisioned(service), await provisioned(service)]
  id = resource.id
  cookie = await signedIn(service, id)
  await service.logs.makeTables([7], new Date(NOON / 1000))
  await service.logs.append([
    delivery(FRAMES, { resourceNumber: resource.number, drainId: 11 }),
    delivery([frame('secret of another status=500')], { resourceNumber: other.number, drainId: 12 }),
  ])
})
afterAll(() => service.close())

async function read(query = '', headers: Record<string, string> = {}) {
  return service.app.inject({ url: `/resources/${id}/lines${query}`, headers: { cookie, ...headers } })
}

const messages = async (query: string): Promise<string[]> =>
  (await read(query)).json().lines.map((line: { message: string }) => line.message)

describe('the lines as JSON', () => {
  it('come newest first with all that is known of each', async () => {
    const answer = await read()
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers.vary).toBe('accept')
    const { lines, older, newer } = answer.json()
    expect(lines).toHaveLength(5)
    expect(lines[1]).toEqual({
      cursor: expect.any(String),
      sent_at: '2026-11-21T10:00:04.000004Z',
      received_at: '2026-11-21T12:00:00.000003Z',
      drain_id: 11,
      app: null,
      priority: 40,
      level: 'error',
      code: null,
      source: 'heroku',
      process: 'web.1',
      message: 'State changed from up to crashed',
    })
    expect(older).toBeNull()
    expect(newer).toBe(lines[0].cursor)
  })

  it('are only those of the resource', async () => {
    expect((await read('?limit=1000')).body).not.toContain('secret of another')
    expect(await messages('?q=secret')).toEqual([])
  })

  it('are found by words, all of which they hold, in any case of letters', async () => {
    expect(await messages('?q=status%3D500')).toEqual(['status=500 again', 'GET /checkout status=500'])
    expect(await messages('?q=CHECKOUT+500')).toEqual(['GET /checkout status=500'])
    expect(await messages('?q=++crashed%09up+')).toEqual(['State changed from up to crashed'])
    expect(await messages('?q=zaż')).toEqual(['zażółć gęślą jaźń'])
    expect(await messages('?q=%25')).toEqual([])
    expect(await messages('?q=%00')).toEqual([])
    expect(await messages('?q=')).toHaveLength(5)
  })

  it('are found by the query language, and told how it was understood', async () => {
    expect(await messages(`?q=${encodeURIComponent('status:>=500 source:heroku')}`)).toEqual([
      'GET /checkout status=500',
    ])
    expect(await messages(`?q=${encodeURIComponent('level:error OR dyno:web -status -line')}`)).toEqual([
      'State changed from up to crashed',
      'zażółć gęślą jaźń',
    ])
    const answer = (await read(`?q=${encodeURIComponent(' zaż  AND (a')}`)).json()
    expect(answer).toMatchObject({
      lines: [],
      searched_to: null,
      query: 'zaż "(a"',
      hints: [{ at: 10, text: 'this parenthesis is never closed' }],
    })
    expect((await read()).json()).toMatchObject({ query: '', hints: [] })
  })

  it('are bounded by the times at which they were sent', async () => {
    const [from, to] = ['2026-11-21T10:00:02.000002Z', '2026-11-21T11:00:04.000004%2B01:00']
    expect(await messages(`?from=${from}&to=${to}`)).toEqual([
      'zażółć gęślą jaźń',
      'GET /checkout status=500',
    ])
    expect(await messages(`?q=500&from=${from}`)).toEqual(['status=500 again', 'GET /checkout status=500'])
    expect(await messages('?to=2026-11-21')).toEqual([])
    expect(await messages('?from=2026-11-21')).toHaveLength(5)
    expect((await read(`?q=500&from=${from}`)).json().query).toBe('500')
  })

  it('come in pages to the end and back', async () => {
    const newest = (await read('?limit=2')).json()
    const middle = (await read(`?limit=2&before=${newest.older}`)).json()
    const oldest = (await read(`?limit=2&before=${middle.older}`)).json()
    expect([...newest.lines, ...middle.lines, ...oldest.lines]).toEqual((await read()).json().lines)
    expect(oldest.older).toBeNull()
    const back = (await read(`?limit=2&after=${oldest.newer}`)).json()
    expect(back.lines).toEqual(middle.lines)
  })

  it.each([
    'limit=0',
    'limit=1001',
    'limit=many',
    'limit=1.5',
    'limit=',
    'q=a&q=b',
    `q=${'x'.repeat(501)}`,
    `q=${'x+'.repeat(51)}`,
    'before=x',
    'after=%00',
    'before=',
    'before=a&after=b',
    'from=yesterday',
    'to=2026-13-01',
    'from=2026-11-21)%20OR%20(x',
  ])('are not given for %s, with 422 and the reason', async (query) => {
    const answer = await read(`?${query}`)
    expect(answer.statusCode).toBe(422)
    expect(answer.json()).toEqual({ id: 'invalid_params', message: expect.any(String) })
  })
})

// What runs for him there is ClickHouse's to end: test/logs/clickhouse/hang-up.test.ts.
it.skipIf(isOverClickHouse)('a search ends in the database when its reader hangs up', async () => {
  const waiting = async () => {
    const { rows } = await service.database.pool.query(
      "select count(*)::integer as count from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    return rows[0].count
  }
  const address = await service.app.listen({ port: 0, host: '127.0.0.1' })
  const holder = await service.database.pool.connect()
  try {
    await holder.query('begin')
    await holder.query('lock table log_line, line_writer in access exclusive mode')
    const reader = request(`${address}/resources/${id}/lines?q=x`, { headers: { cookie } })
    reader.on('error', () => {})
    reader.end()
    await expect.poll(waiting, { timeout: 5_000 }).toBe(1)
    reader.destroy()
    await expect.poll(waiting, { timeout: 5_000 }).toBe(0)
    expect(service.logged.filter((line) => line.includes('reading failed'))).toEqual([])
  } finally {
    await holder.query('rollback')
    holder.release()
  }
  expect(await messages('?q=secret')).toEqual([])
})

describe('the lines as frames', () => {
  const accept = 'application/logplex-1'

  it('are those that came in, byte for byte, oldest first', async () => {
    const answer = await read('', { accept })
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('application/logplex-1')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.rawPayload).toEqual(Buffer.concat(FRAMES.map(counted)))
  })

  it('carry the addresses of the pages beside them', async () => {
    const newest = await read('?limit=2&q=500', { accept })
    expect(newest.rawPayload).toEqual(Buffer.concat([FRAMES[1], FRAMES[4]].map((one) => counted(one ?? ''))))
    const link = /<([^>]+)>; rel="prev"/.exec(String(newest.headers.link))?.[1]
    expect(link).toMatch(new RegExp(`^/resources/${id}/lines\\?limit=2&q=500&before=`))
    const older = await service.app.inject({ url: link ?? '', headers: { cookie, accept } })
    expect(older.statusCode).toBe(200)
    expect(older.rawPayload).toHaveLength(0)
  })

  it('are an empty body where there are none', async () => {
    const answer = await read('?q=nothing-like-this', { accept })
    expect(answer.statusCode).toBe(200)
    expect(answer.body).toBe('')
    expect(answer.headers.link).toBeUndefined()
  })
})
