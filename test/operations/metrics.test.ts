import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CommitFigures } from '../../src/operations/commit-figures.ts'
import { createMetrics } from '../../src/operations/metrics.ts'
import { PlainHistogram } from '../../src/operations/plain-histogram.ts'
import { counted, frame } from '../support/deliveries.ts'
import { provision, startTestService, type TestService } from '../support/service.ts'

const DASHBOARD = new URL('../../src/operations/grafana-dashboard.json', import.meta.url)
const TOKEN = 'a-token-of-the-tests'

let service: TestService
beforeAll(async () => {
  service = await startTestService({ METRICS_TOKEN: TOKEN })
  const { drainUrl, drainToken } = await provision(service)
  const deliver = (headers: Record<string, string>) =>
    fetch(drainUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/logplex-1', ...headers },
      body: new Uint8Array(Buffer.concat([counted(frame('one')), counted(frame('two'))])),
    })
  const headers = {
    'logplex-drain-token': drainToken,
    'logplex-frame-id': randomBytes(16).toString('hex'),
    'logplex-msg-count': '3',
  }
  await deliver(headers)
  await deliver(headers)
  await deliver({ 'logplex-drain-token': 'd.unknown' })
  await fetch(`${service.origin}/heroku/resources/a?secret=b`, { method: 'PUT' })
  await fetch(`${service.origin}/nothing/here`)
})
afterAll(() => service.close())

function scrape(authorization = `Bearer ${TOKEN}`): Promise<Response> {
  return fetch(`${service.origin}/metrics`, { headers: { authorization } })
}

async function samples(): Promise<Map<string, number>> {
  const lines = (await (await scrape()).text()).split('\n').filter((line) => line !== '' && line[0] !== '#')
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]))
}

describe('/metrics', () => {
  it('counts what became of deliveries', async () => {
    const found = await samples()
    const f = (name: string, value: number) => expect([name, found.get(name)]).toEqual([name, value])
    f('culvert_drain_stored_total', 1)
    f('culvert_drain_duplicates_total', 1)
    f('culvert_drain_lines_total', 2)
    f('culvert_drain_count_mismatches_total', 2)
    f('culvert_drain_refused_total{code="drain_token_unknown"}', 1)
    f('culvert_drain_queued_deliveries', 0)
    f('culvert_drain_held_bytes', 0)
    f('culvert_delivery_seconds_count', 3)
    f('culvert_delivery_seconds_bucket{le="+Inf"}', 3)
    expect(found.get('culvert_commit_seconds_count')).toBeGreaterThanOrEqual(1)
    f('culvert_commit_failures_total', 0)
  })

  it('times the requests of the other rooms by the pattern of the route, never by the address', async () => {
    const found = await samples()
    const f = (labels: string) => expect(found.get(`culvert_request_seconds_count{${labels}}`)).toBe(1)
    f('method="POST",route="/heroku/resources",status="200"')
    f('method="PUT",route="/heroku/resources/:id",status="401"')
    f('method="any",route="none",status="404"')
  })

  it('shows the connections of both pools, and the delay of the event loop', async () => {
    const found = await samples()
    expect(found.has('culvert_database_connections{pool="write",state="waiting"}')).toBe(true)
    expect(found.has('culvert_database_connections{pool="read",state="used"}')).toBe(true)
    expect(found.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  })

  it('is for who knows the token', async () => {
    const f = async (authorization: string, status: number) =>
      expect((await scrape(authorization)).status).toBe(status)
    await f(`Bearer ${TOKEN}`, 200)
    await f(`bearer  ${TOKEN}`, 200)
    await f('Bearer wrong', 401)
    await f('', 401)
    await f(`Basic ${TOKEN}`, 401)
  })

  it('has every metric that the Grafana dashboard asks for', async () => {
    const text = await (await scrape()).text()
    const known = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name, type]) =>
        type === 'histogram' ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [name],
      ),
    )
    const asked = readFileSync(DASHBOARD, 'utf8').match(/\b(?:culvert|nodejs|process)_[a-z0-9_]+/g) ?? []
    expect(new Set(asked).size).toBeGreaterThan(12)
    expect([...new Set(asked)].filter((name) => !known.has(name))).toEqual([])
  })
})

describe('/metrics without a token', () => {
  it('is there in development for this machine, and not for whom a tunnel brought', async () => {
    const development = await startTestService()
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${development.origin}/metrics`, { headers })).status
    expect(await status({})).toBe(200)
    expect(await status({ 'x-forwarded-for': '127.0.0.1' })).toBe(404)
    await development.close()
  })

  it('is not there in production', async () => {
    const production = await startTestService({
      NODE_ENV: 'production',
      PUBLIC_URL: 'https://logs.example.com',
      ADDON_ID: 'acme-logs',
      ADDON_PASSWORD: 'a password of our own',
      ADDON_SSO_SALT: 'a salt of our own',
      SECRET_KEYS: `k1:${Buffer.alloc(32, 'k').toString('base64')}`,
    })
    expect((await fetch(`${production.origin}/metrics`)).status).toBe(404)
    await production.close()
  })
})

it('makes a metric of any counter that is added, and of any level', async () => {
  const counters = { spooledDeliveries: 2, byKind: new Map([['a', 3]]), name: 'no number' }
  const metrics = createMetrics({
    drainCounters: counters,
    drainLevels: () => ({ spoolBytes: 5 }),
    commits: new CommitFigures(),
    pools: {},
  })
  counters.spooledDeliveries++
  const { text } = await metrics.render()
  expect(text).toContain('\nculvert_drain_spooled_deliveries_total 3\n')
  expect(text).toContain('\nculvert_drain_by_kind_total{code="a"} 3\n')
  expect(text).toContain('\nculvert_drain_spool_bytes 5\n')
})

it('counts a commit that failed', async () => {
  const figures = new CommitFigures()
  const append = figures.measured(async (_: readonly { lines: unknown[] }[]) => {
    throw new Error('no')
  })
  await expect(append([])).rejects.toThrow('no')
  expect(figures.failures).toBe(1)
  expect(figures.seconds.state().count).toBe(0)
})

it('files a value under the first bound that is not below it', () => {
  const histogram = new PlainHistogram([1, 10])
  for (const value of [0, 1, 1.5, 10, 11]) histogram.record(value)
  expect(histogram.state()).toEqual({
    buckets: [
      [1, 2],
      [10, 4],
      [Number.POSITIVE_INFINITY, 5],
    ],
    sum: 23.5,
    count: 5,
  })
})
