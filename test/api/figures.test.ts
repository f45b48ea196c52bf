import { type TrafficLine, traffic } from 'heroku-simulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from '../../src/query/parse.ts'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'

const NOON = Date.UTC(2026, 10, 21, 12)

let service: Service
beforeAll(async () => {
  service = await startService()
  service.clock.now = new Date(NOON)
  await service.logs.makeTables([7], service.clock.now)
})
afterAll(() => service.close())

async function figures(id: string, query = '') {
  const cookie = await signedIn(service, id)
  const answer = await service.app.inject({ url: `/resources/${id}/figures${query}`, headers: { cookie } })
  return { status: answer.statusCode, body: answer.json() }
}

describe('the figures', () => {
  it('of an hour of lifelike traffic are what its lines say', async () => {
    const { id, number } = await provisioned(service)
    const lines: TrafficLine[] = []
    for (const line of traffic({ seed: 1, startAt: NOON - 3_600_000, linesPerSecond: 1 })) {
      if (line.at >= NOON * 1_000) break
      lines.push(line)
    }
    for (let from = 0; from < lines.length; from += 500) {
      const part = lines.slice(from, from + 500)
      const frames = part.map(
        ({ at, priority, source, process, message }) =>
          `<${priority}>1 ${new Date(at / 1000).toISOString()} host ${source} ${process} - ${message}`,
      )
      const receivedAtMicros = NOON * 1000 + from
      await service.logs.append([delivery(frames, { resourceNumber: number, receivedAtMicros })])
    }
    let { status, body } = await figures(id)
    // What cannot be read within its time is left out, and said so.
    for (let again = 0; again < 5 && body.complete === false; again++) ({ status, body } = await figures(id))
    expect(status).toBe(200)
    expect(body).toMatchObject({ step_seconds: 60, complete: true, to: '2026-11-21T12:00:00.000Z' })
    expect(body.counted_to).toBe(body.from)
    const routed = lines.filter(({ process }) => process === 'router')
    const sum = (key: string) =>
      body.requests.reduce((all: number, one: Record<string, number>) => all + (one[key] ?? 0), 0)
    expect(sum('total')).toBe(routed.length)
    expect(sum('s5xx')).toBe(routed.filter(({ message }) => / status=5/.test(message)).length)
    expect(sum('s2xx') + sum('s3xx') + sum('s4xx') + sum('s5xx')).toBe(routed.length)
    expect(body.dynos.map(({ process }: { process: string }) => process)).toEqual([
      'web.1',
      'web.2',
      'worker.1',
    ])
    expect(body.dynos[0].quota_mb).toBe(512)
    expect(body.codes.length).toBeGreaterThan(0)
    expect(body.slowest.length).toBeGreaterThan(3)
    const errors = body.errors.reduce((all: number, one: { lines: number }) => all + one.lines, 0)
    const searched = await service.logs.read({
      resourceNumber: number,
      search: parse('level:>=error').query,
      limit: 10_000,
    })
    expect(errors).toBe(searched.lines.length)
    expect(body.looked_at).toBe(lines.filter(({ source }) => source === 'heroku').length + errors)
  })

  it('of a resource without lines are empty, and complete', async () => {
    const { id } = await provisioned(service)
    const { body } = await figures(id, '?from=2026-11-20T00&to=2026-11-21T00')
    expect(body).toMatchObject({ complete: true, looked_at: 0, step_seconds: 1_800, codes: [], dynos: [] })
    expect(body.requests).toHaveLength(48)
  })

  it('are of this resource alone', async () => {
    const [mine, other] = [await provisioned(service), await provisioned(service)]
    const line = frame('Error R14 (Memory quota exceeded)', {
      source: 'heroku',
      process: 'worker.1',
      at: new Date(NOON - 60_000).toISOString(),
    })
    await service.logs.append([delivery([line], { resourceNumber: other.number })])
    expect((await figures(mine.id)).body.codes).toEqual([])
    expect((await figures(other.id)).body.codes).toMatchObject([{ code: 'R14', lines: 1 }])
  })

  it('are of a time that makes sense', async () => {
    const { id } = await provisioned(service)
    for (const query of [
      '?from=2026-11-21T13',
      '?from=2026-01-01',
      '?from=x',
      '?from=2026-11-21&to=2026-11-20',
    ])
      expect([query, (await figures(id, query)).status]).toEqual([query, 422])
  })
})
