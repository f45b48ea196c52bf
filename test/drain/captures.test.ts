// The requests of a real Logplex and of log-shuttle, byte for byte as captured, against the whole service.
import { randomBytes } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readBody } from '../../src/drain/read-body.ts'
import { parseFrames } from '../../src/logplex/frame-parser.ts'
import { EVERYTHING } from '../../src/query/everything.ts'
import { counted } from '../support/deliveries.ts'
import { drainVectors } from '../support/drain-vectors.ts'
import { createPostgresLogStore } from '../support/logs.ts'
import { bodyOf, exchange } from '../support/raw-http.ts'
import { provision, startTestService, type TestService } from '../support/service.ts'

const UNBOUNDED = { take: () => undefined, give() {} }
const UNHURRIED = { timeoutMs: 10_000, graceMs: 10_000, everyMs: 10_000, leastBytes: 0 }

const DIRECTORY = new URL('../../packages/heroku-simulator/test/fixtures/logplex/', import.meta.url)
const captures = readdirSync(DIRECTORY).filter((name) => name.endsWith('.raw'))

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

/** What the store gives back for a resource, in the order of receipt, as one body. */
async function givenBack(resourceId: string): Promise<Buffer> {
  const { rows } = await service.database.pool.query('select number from resource where id = $1', [
    resourceId,
  ])
  const store = createPostgresLogStore(service.database.pool)
  const { lines } = await store.read({ resourceNumber: rows[0].number, search: EVERYTHING, limit: 20_000 })
  const inOrder = lines.sort((a, b) => (a.receivedAt < b.receivedAt ? -1 : 1))
  return Buffer.concat(inOrder.map((line) => counted(line.frame)))
}

/** The captured request with our path, and the resource's token in place of its own. */
function readdressed(request: Buffer, drainToken: string, resourceId: string): Buffer {
  const headEnd = request.indexOf('\r\n\r\n')
  const head = request
    .toString('latin1', 0, headEnd)
    .replace(/^POST \S+/, `POST /drains/${resourceId}`)
    .replace(/(?<=Logplex-Drain-Token: )\S+/, drainToken)
    .replace(/(?<=Authorization: Basic )\S+/, Buffer.from(`token:${drainToken}`).toString('base64'))
  return Buffer.concat([Buffer.from(head, 'latin1'), request.subarray(headEnd)])
}

describe('captured requests', () => {
  for (const name of captures) {
    it(`${name} is accepted and comes back byte for byte`, async () => {
      const resource = await provision(service)
      const request = readFileSync(new URL(name, DIRECTORY))
      const status = await exchange(service.origin, [readdressed(request, resource.drainToken, resource.id)])
      expect(status).toBe(204)
      expect((await givenBack(resource.id)).equals(bodyOf(request))).toBe(true)
    })
  }
})

describe('well-formed bodies of the vectors', () => {
  for (const [at, vector] of drainVectors.entries()) {
    if (!vector.wellFormed) continue
    it(`${at} comes back byte for byte: ${vector.name}`, async () => {
      const resource = await provision(service)
      expect(await exchange(service.origin, [request(resource.drainToken, vector.body)])).toBe(204)
      expect((await givenBack(resource.id)).equals(vector.body)).toBe(true)
    })
  }
})

describe('a body in pieces', () => {
  const bodies = fc.constantFrom(
    ...captures.slice(0, 6).map((name) => bodyOf(readFileSync(new URL(name, DIRECTORY)))),
  )
  const cuts = fc.array(fc.nat(), { maxLength: 12 })

  it('parses the same however it is split', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, cuts, async (whole, at) => {
        const options = { encoding: undefined, limitBytes: 1_000_000, room: UNBOUNDED, pace: UNHURRIED }
        const joined = await readBody(Readable.from(split(whole, at)), options)
        expect(parseFrames(joined, { structuredData: false })).toEqual(
          parseFrames(whole, { structuredData: false }),
        )
      }),
      { numRuns: 100 },
    )
  })

  it('is stored the same however it comes through the socket', async () => {
    await fc.assert(
      fc.asyncProperty(bodies, cuts, fc.boolean(), async (whole, at, chunked) => {
        const resource = await provision(service)
        const pieces = split(whole, at)
        const wire = chunked
          ? chunkedRequest(resource.drainToken, pieces)
          : split(request(resource.drainToken, whole), at)
        expect(await exchange(service.origin, wire)).toBe(204)
        expect((await givenBack(resource.id)).equals(whole)).toBe(true)
      }),
      { numRuns: 25 },
    )
  })

  function split(whole: Buffer, cutsAt: readonly number[]): Buffer[] {
    const places = [0, ...cutsAt.map((cut) => cut % (whole.length + 1)).sort((a, b) => a - b), whole.length]
    return places
      .slice(1)
      .map((end, index) => whole.subarray(places[index], end))
      .filter((piece) => piece.length > 0)
  }
})

function head(drainToken: string, length: string): Buffer {
  return Buffer.from(
    `POST /drains/x HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/logplex-1\r\n` +
      `Logplex-Frame-Id: ${randomBytes(16).toString('hex')}\r\nLogplex-Drain-Token: ${drainToken}\r\n${length}\r\n\r\n`,
  )
}

function request(drainToken: string, body: Buffer): Buffer {
  return Buffer.concat([head(drainToken, `Content-Length: ${body.length}`), body])
}

function chunkedRequest(drainToken: string, pieces: readonly Buffer[]): Buffer[] {
  const chunks = pieces.map((piece) =>
    Buffer.concat([Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')]),
  )
  return [head(drainToken, 'Transfer-Encoding: chunked'), ...chunks, Buffer.from('0\r\n\r\n')]
}
