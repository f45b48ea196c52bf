import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
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

describe('the port of the demo', () => {
  it('is a free one if the wanted port is in use', async () => {
    const taken = await listen(200)
    const chosen = await choosePort(taken)
    expect(chosen).toBeGreaterThan(0)
    expect(chosen).not.toBe(taken)
  })

  it('is the wanted one if that is free', async () => {
    const free = await choosePort(0)
    expect(free).toBeGreaterThan(0)
    expect(await choosePort(free)).toBe(free)
  })
})

describe('waiting for a healthy service', () => {
  const never = new Promise<string>(() => {})

  it('ends with the first 200', async () => {
    const origin = `http://127.0.0.1:${await listen(200)}`
    expect(await waitUntilHealthy(origin, { ended: never }, 5_000)).toBeNull()
  })

  it('ends with a sentence after the timeout', async () => {
    const origin = `http://127.0.0.1:${await listen(503)}`
    expect(await waitUntilHealthy(origin, { ended: never }, 250)).toMatch(/did not answer 200 on .*healthz/)
  })

  it('ends at once with a sentence if the service has ended', async () => {
    const ended = Promise.resolve('ended with exit code 7')
    expect(await waitUntilHealthy('http://127.0.0.1:1', { ended }, 60_000)).toMatch(/exit code 7/)
  })
})

it('the text of the demo has the sign-in link as its first address', () => {
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
