// What Fastly's real API was recorded to answer, replayed against ours: the same requests, byte for byte but for ids,
// and the same answers but for ids and times.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createService, startWorld, type World } from './world.ts'

interface Recorded {
  source: string
  set: string
  request: { method: string; path: string; contentType: string | null; body: string }
  response: { status: number; headers: Record<string, string>; body: string }
}

const PATH = new URL('../fixtures/fastly/recorded.jsonl', import.meta.url)
const recorded: Recorded[] = readFileSync(PATH, 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line))

/** One run of go-fastly's tests: the records of one directory at one commit. */
function runs(): Map<string, Recorded[]> {
  const groups = new Map<string, Recorded[]>()
  for (const record of recorded) {
    const [, run = ''] = /^(.*)\/[^/]*$/.exec(record.source) ?? []
    groups.set(run, [...(groups.get(run) ?? []), record])
  }
  return groups
}

/** The tests' order, which the file names tell. */
const STEPS = [
  'version',
  'create',
  'list',
  'get',
  'search',
  'details',
  'update',
  'clone',
  'lock',
  'delete',
  'cleanup',
]
const SERVICE_STEPS = [
  'create',
  'get',
  'search',
  'details',
  'update',
  'active',
  'multiple',
  'version',
  'delete',
]
const stepOf = ({ source }: Recorded) => /\/(\w+)\.yaml#/.exec(source)?.[1] ?? ''

let world: World
beforeAll(async () => {
  world = await startWorld()
})
afterAll(() => world.close())

/** Replays records in which a service is named that was made before. */
async function replay(
  records: readonly Recorded[],
  type: string,
  theirs: { id: string; number: number },
): Promise<void> {
  const caller = await world.stranger()
  const id = await createService(caller, { type })
  let number = 1
  const ours = (text: string) =>
    text
      .replaceAll(theirs.id, id)
      .replace(/\/version\/(\d+)/g, (_, their) => `/version/${Number(their) - theirs.number + number}`)
  for (const record of records) {
    const { request, response, source } = record
    if (request.method === 'POST' && request.path.endsWith('/version')) number = 2
    const answer = await caller.call(request.method, ours(request.path), {
      text: ours(request.body),
      type: request.contentType,
    })
    expect([source, answer.status, answer.text.slice(0, 200)]).toEqual([
      source,
      response.status,
      expect.anything(),
    ])
    const mapped = normal(answer.text, { id, number }, theirs)
    // Newer than the recording, a key may be there that it lacks; none may lack.
    expect(mapped, source).toMatchObject(normal(response.body, theirs, theirs) as object)
    for (const header of ['content-type', 'pragma', 'status']) {
      if (response.headers[header] !== undefined)
        expect([source, header, answer.headers.get(header)]).toEqual([
          source,
          header,
          response.headers[header],
        ])
    }
    const isCounted = response.headers['fastly-ratelimit-remaining'] !== undefined
    expect(answer.headers.has('fastly-ratelimit-remaining'), source).toBe(
      isCounted || request.method !== 'GET',
    )
  }
}

/** Without times, and with their ids and numbers. */
function normal(
  body: string,
  ours: { id: string; number: number },
  theirs: { id: string; number: number },
): unknown {
  const text = body
    .replaceAll(ours.id, theirs.id)
    .replace(
      /version =(?:>|\\u003e) (\d+)/g,
      (_, number) => `version => ${Number(number) - ours.number + theirs.number}`,
    )
  return JSON.parse(text, (key, value) => {
    if (/_at$/.test(key)) return value === null ? null : 'a time'
    if (key === 'customer_id') return 'a customer'
    if (key === 'version' && typeof value === 'string')
      return String(Number(value) - ours.number + theirs.number)
    if ((key === 'number' || key === 'active_version') && typeof value === 'number')
      return value - ours.number + theirs.number
    return value
  })
}

describe('as recorded of the real API, we answer', () => {
  for (const [run, records] of runs()) {
    const ordered = STEPS.flatMap((step) => records.filter((record) => stepOf(record) === step))
    const [first] = ordered
    const theirId = /^\/service\/([^/]+)/.exec(first?.request.path ?? '')?.[1]
    const theirNumber = /"number":(\d+)/.exec(first?.response.body ?? '')?.[1]
    if (/\/(herokus|conditions|versions)(\/|$)/.test(run) && theirId !== undefined) {
      // Of the real service's versions there are too many to make them all.
      const some = ordered.filter((record) => !(run.includes('/versions') && stepOf(record) === 'list'))
      const type = run.endsWith('/compute') ? 'wasm' : 'vcl'
      it(`${run}, ${some.length} requests`, () =>
        replay(some, type, { id: theirId, number: Number(theirNumber) }))
    }
  }
})

it('replays all that was recorded of log endpoints', () => {
  expect(recorded.filter(({ set }) => set === 'heroku').length).toBe(88)
})

describe('services', () => {
  it('are answered as recorded', async () => {
    const caller = await world.stranger()
    for (const run of ['services', 'services/compute', 'services/details_with_filters']) {
      const records = recorded.filter(
        ({ source }) =>
          source.includes(`fixtures/${run}/`) &&
          !source.slice(source.indexOf(`fixtures/${run}/`) + `fixtures/${run}/`.length).includes('/'),
      )
      const ordered = SERVICE_STEPS.flatMap((step) => records.filter((record) => stepOf(record) === step))
      let id = ''
      let theirId = ''
      for (const { source, request, response } of ordered) {
        const body = { text: request.body, type: request.contentType }
        const answer = await caller.call(request.method, request.path.replace(theirId, id), body)
        if (source.includes('/create.yaml')) {
          id = answer.json.id
          theirId = JSON.parse(response.body).id
          expect(id).toMatch(/^[0-9A-Za-z]{22}$/)
        }
        expect([source, answer.status]).toEqual([source, response.status])
        const theirs = { id: theirId, number: 1 }
        expect(normal(answer.text, { id, number: 1 }, theirs), source).toMatchObject(
          normal(response.body, theirs, theirs) as object,
        )
      }
    }
  })
})
