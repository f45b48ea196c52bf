import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OverviewSums } from '../../../src/api/overview/overview.ts'
import { ascending, percentile } from '../../../src/api/overview/percentile.ts'
import { routeOfPath } from '../../../src/api/overview/route-of-path.ts'
import { cutIntoSteps, stepOf } from '../../../src/api/overview/steps.ts'

const FROM = new Date('2026-11-21T10:00:00Z')
const TO = new Date('2026-11-21T11:00:00Z')
const at = (minute: number) => `2026-11-21T10:${String(minute).padStart(2, '0')}:30.000000Z`

const router = (minute: number, fields: string) => ({
  sentAt: at(minute),
  source: 'heroku',
  process: 'router',
  message: `at=info ${fields}`,
})
const request = (minute: number, status: number | string, service: number | string, path = '/') =>
  router(
    minute,
    `method=GET path="${path}" host=a.herokuapp.com dyno=web.1 connect=1ms service=${service}ms status=${status} bytes=1`,
  )

function sumsOf(lines: readonly Parameters<OverviewSums['add']>[0][]) {
  const sums = new OverviewSums(cutIntoSteps(FROM, TO, 60))
  for (const line of lines) sums.add(line)
  return sums.result()
}

describe('the overview', () => {
  it('counts requests by status in each step, and says how long they took', () => {
    const times = Array.from({ length: 100 }, (_, i) => i)
    const { requests } = sumsOf([
      ...times.map((time) => request(5, 200, time)),
      request(6, 301, 1),
      request(6, 404, 2),
      request(6, 503, 3),
      request(6, 101, 4),
      request(6, '', ''),
    ])
    expect(requests).toHaveLength(60)
    expect(requests[4]).toMatchObject({ total: 0, p50Ms: null, p95Ms: null, p99Ms: null })
    // With the millisecond of connect.
    expect(requests[5]).toEqual({
      at: '2026-11-21T10:05:00.000Z',
      total: 100,
      s2xx: 100,
      s3xx: 0,
      s4xx: 0,
      s5xx: 0,
      p50Ms: 50,
      p95Ms: 95,
      p99Ms: 99,
    })
    expect(requests[6]).toMatchObject({ total: 5, s2xx: 0, s3xx: 1, s4xx: 1, s5xx: 1 })
  })

  it('keeps every figure finite, whatever number a line has', () => {
    const { requests, slowest, dynos } = sumsOf([
      request(5, 200, '1e999'),
      router(5, 'method=GET path="/" connect=1e999s service=1e999h status=1e999'),
      {
        sentAt: at(5),
        source: 'heroku',
        process: 'web.1',
        message: 'sample#memory_total=1e999GB sample#memory_quota=-1e999GB sample#load_avg_1m=1e999',
      },
    ])
    expect(requests[5]).toMatchObject({ total: 2, p99Ms: 2e15 })
    expect(slowest).toMatchObject([{ requests: 2, p95Ms: 2e15 }])
    expect(JSON.stringify(dynos)).not.toContain('null')
  })

  it('counts the codes of router, dynos and Logplex, the most frequent first, and says what they mean', () => {
    const platform = (process: string, message: string) => ({
      sentAt: at(1),
      source: 'heroku',
      process,
      message,
    })
    const { codes } = sumsOf([
      router(1, 'code=H12 desc="Request timeout" method=GET path="/" service=30000ms status=503'),
      platform('worker.1', 'Error R14 (Memory quota exceeded)'),
      platform('worker.1', 'Error R14 (Memory quota exceeded)'),
      platform('logplex', 'Error L10 (output buffer overflow): drain dropped 2 messages since …'),
      { sentAt: at(1), source: 'app', process: 'web.1', message: 'code=H12 Error R15' },
    ])
    expect(codes.map(({ code, lines }) => [code, lines])).toEqual([
      ['R14', 2],
      ['H12', 1],
      ['L10', 1],
    ])
    expect(codes.every(({ meaning }) => meaning.length > 10)).toBe(true)
  })

  it('draws memory and load of each dyno, the highest of a step', () => {
    const sample = (process: string, minute: number, samples: string) => ({
      sentAt: at(minute),
      source: 'heroku',
      process,
      message: `source=${process} dyno=heroku.1.2 ${samples}`,
    })
    const { dynos } = sumsOf([
      sample('web.10', 1, 'sample#load_avg_1m=0.1 sample#load_avg_5m=0.9'),
      sample('web.2', 3, 'sample#memory_total=100.25MB sample#memory_quota=512.00MB'),
      sample('web.2', 1, 'sample#memory_total=300.00MB sample#memory_quota=512.00MB'),
      sample('web.2', 1, 'sample#memory_total=200.00MB sample#memory_quota=512.00MB'),
      { ...sample('heroku-postgres', 1, 'sample#memory_total=1MB'), source: 'app' },
    ])
    expect(dynos).toEqual([
      {
        process: 'web.2',
        quotaMb: 512,
        memory: [
          { at: '2026-11-21T10:01:00.000Z', mb: 300 },
          { at: '2026-11-21T10:03:00.000Z', mb: 100.25 },
        ],
        load: [],
      },
      {
        process: 'web.10',
        quotaMb: null,
        memory: [],
        load: [{ at: '2026-11-21T10:01:00.000Z', value: 0.1 }],
      },
    ])
  })

  it('names the slowest routes', () => {
    const { slowest } = sumsOf([
      request(1, 200, 900, '/orders/17?page=2'),
      request(1, 200, 800, '/orders/18'),
      request(1, 200, 10, '/'),
    ])
    expect(slowest).toEqual([
      { path: 'GET /orders/*', requests: 2, p95Ms: 901 },
      { path: 'GET /', requests: 1, p95Ms: 11 },
    ])
  })

  it('leaves out what is before or behind, and what is no line of Heroku', () => {
    const { requests } = sumsOf([
      { ...request(1, 200, 1), sentAt: '2026-11-21T09:59:59.999999Z' },
      { ...request(1, 200, 1), sentAt: '2026-11-21T11:00:00.000000Z' },
      { ...request(1, 200, 1), source: 'app' },
    ])
    expect(requests.reduce((sum, { total }) => sum + total, 0)).toBe(0)
  })

  it('stays bounded whatever lines say', () => {
    const many = Array.from({ length: 3_000 }, (_, i) => [
      request(1, 200, 1, `/a${'b'.repeat(i % 30)}/${'c'.repeat(i % 100)}`),
      { sentAt: at(1), source: 'heroku', process: `web.${i}`, message: 'sample#load_avg_1m=1' },
    ]).flat()
    const { dynos, slowest, requests } = sumsOf(many)
    expect(dynos).toHaveLength(50)
    expect(dynos[0]?.process).toBe('web.0')
    expect(slowest.length).toBeLessThanOrEqual(10)
    expect(requests[1]?.total).toBe(3_000)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (message, process) => {
        sumsOf([{ sentAt: at(1), source: 'heroku', process, message }])
      }),
    )
  })
})

it('takes paths for the routes that they are of', () => {
  const f = (path: string, want: string) => expect(routeOfPath(path)).toBe(want)
  f('/', '/')
  f('/orders', '/orders')
  f('/orders/42/items/7?x=1', '/orders/*/items/*')
  f('/users/8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b', '/users/*')
  f('/posts/5f1d7a84cf0b2c0001a2b3c4#top', '/posts/*')
  f('/assets/app-4f1c9d2e.js', '/assets/app-*.js')
  f('/days/2026-11-21', '/days/*')
  f('/v1/api', '/v1/api')
  f('/internationalization-and-more', '/internationalization-and-more')
  expect(routeOfPath(`/${'x'.repeat(9_000)}`).length).toBeLessThanOrEqual(200)
})

it('cuts time into steps that people can read, all of it and not too many', () => {
  const seconds = (from: string, to: string) => cutIntoSteps(new Date(from), new Date(to), 60).stepMs / 1_000
  expect(seconds('2026-11-21T10:00:00Z', '2026-11-21T11:00:00Z')).toBe(60)
  expect(seconds('2026-11-20T10:00:00Z', '2026-11-21T10:00:00Z')).toBe(1_800)
  expect(seconds('2026-11-14T10:00:00Z', '2026-11-21T10:00:00Z')).toBe(10_800)
  fc.assert(
    fc.property(
      fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }),
      fc.integer({ min: 1, max: 4e9 }),
      fc.integer({ min: 1, max: 200 }),
      (from, span, max) => {
        const to = new Date(from.getTime() + span)
        const steps = cutIntoSteps(from, to, max)
        expect(steps.count).toBeLessThanOrEqual(max + 1)
        expect(steps.from).toBeLessThanOrEqual(from.getTime())
        expect(stepOf(steps, from.getTime())).toBe(0)
        expect(stepOf(steps, to.getTime() - 1)).toBe(steps.count - 1)
        expect(stepOf(steps, to.getTime())).toBe(-1)
      },
    ),
  )
})

it('gives percentiles that no more than so many are below and no more than the rest above', () => {
  expect(percentile([], 50)).toBeNull()
  fc.assert(
    fc.property(fc.array(fc.nat(), { minLength: 1 }), fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const value = percentile(ascending(values), percent) as number
      expect(values).toContain(value)
      const below = values.filter((one) => one < value).length
      const above = values.filter((one) => one > value).length
      expect(below / values.length).toBeLessThan(percent / 100)
      expect(above / values.length).toBeLessThanOrEqual(1 - percent / 100 + 1e-9)
    }),
  )
})
