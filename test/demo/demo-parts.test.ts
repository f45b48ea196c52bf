import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TrafficLine } from 'heroku-simulator'
import { play } from 'heroku-simulator'
import { afterEach, describe, expect, it } from 'vitest'
import { choosePort, waitUntilHealthy } from '../../demo/service.ts'
import { demoText } from '../../demo/text.ts'

const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function listen(status: number): Promise<number> {
  const server = createServer((_request, response) => response.writeHead(status).end())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  closers.push(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

describe('choosing a port', () => {
  it('takes another than the wanted one when somebody listens there', async () => {
    const taken = await listen(200)
    const chosen = await choosePort(taken)
    expect(chosen).toBeGreaterThan(0)
    expect(chosen).not.toBe(taken)
  })

  it('takes the wanted one when it is free', async () => {
    const free = await choosePort(0)
    expect(free).toBeGreaterThan(0)
    expect(await choosePort(free)).toBe(free)
  })
})

describe('waiting until the service is healthy', () => {
  const never = new Promise<string>(() => {})

  it('ends with the first 200', async () => {
    const origin = `http://127.0.0.1:${await listen(200)}`
    expect(await waitUntilHealthy(origin, { ended: never }, 5_000)).toBeNull()
  })

  it('says so when it takes too long', async () => {
    const origin = `http://127.0.0.1:${await listen(503)}`
    expect(await waitUntilHealthy(origin, { ended: never }, 250)).toMatch(/did not answer 200 on .*healthz/)
  })

  it('says so when the service has ended, and waits no longer', async () => {
    const ended = Promise.resolve('ended with exit code 7')
    expect(await waitUntilHealthy('http://127.0.0.1:1', { ended }, 60_000)).toMatch(/exit code 7/)
  })
})

describe('playing lines', () => {
  const line = (at: number): TrafficLine => ({
    at: at * 1_000,
    priority: 190,
    source: 'app',
    process: 'web.1',
    message: '',
  })

  it('plays each line when its time has come, in order, until it is stopped', async () => {
    const start = Date.now()
    const played: [at: number, heardAt: number][] = []
    const lines = [0, 20, 20, 60, 10_000].map((after) => line(start + after))
    const stop = play(lines.values(), ({ at }) => played.push([at / 1_000 - start, Date.now() - start]))
    closers.push(stop)
    await expect.poll(() => played.length).toBe(4)
    expect(played.map(([at]) => at)).toEqual([0, 20, 20, 60])
    for (const [at, heardAt] of played) expect(heardAt).toBeGreaterThanOrEqual(at)
  })

  it('leaves out what a machine slept through', () => {
    const played: number[] = []
    const lines = [line(1), line(99_000), line(100_000)]
    const stop = play(
      lines.values(),
      ({ at }) => played.push(at / 1_000),
      () => 100_000,
    )
    stop()
    expect(played).toEqual([99_000, 100_000])
  })
})

it('the text shows the sign-in link before any other address', () => {
  const text = demoText({
    signInUrl: 'http://localhost:4000/sso/x',
    publicUrl: 'http://localhost:5000',
    platformOrigin: 'http://127.0.0.1:4000',
    customerKey: 'a-key',
    resourceName: 'culvert-curly-1',
    resourceId: 'x',
    app: 'tidy-river',
    attachedApp: 'calm-lake',
    drainToken: 'd.y',
    addonId: 'culvert',
    password: 'p',
    anotherId: 'z',
    time: '2026-08-20T10:11:12.353034+00:00',
    backlogLines: 200,
    linesPerSecond: 20,
  })
  expect(/http\S+/.exec(text)?.[0]).toBe('http://localhost:4000/sso/x')
  const [, octets, frame = ''] = /-d '(\d+) ([^']+)'/.exec(text) ?? []
  expect(Number(octets)).toBe(frame.length)
})
