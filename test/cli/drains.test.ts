import type { AttachedDrain } from 'heroku-simulator'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createProgress } from '../../src/cli/progress.ts'
import { runCli } from '../../src/cli/run.ts'
import { CLIENT_SECRET, createWorld, type World } from '../heroku/world.ts'
import { startCulvert } from '../support/culvert-command.ts'
import { startTestService } from '../support/service.ts'

const HERE = 'https://here.example.com'
const THERE = 'https://there.example.com'
const PUT = /PUT .*\/log-drains\//
const LIST = /GET .*\/log-drains$/

let world: World
beforeEach(async () => {
  world = await createWorld()
})
afterEach(() => world.close())

const environment = () => ({
  DATABASE_URL: world.database.url,
  HEROKU_API_URL: world.platform.origin,
  HEROKU_ID_URL: world.platform.origin,
  HEROKU_CLIENT_SECRET: CLIENT_SECRET,
  DRAIN_URL: HERE,
})

/** Resources whose drains point here, each with a token. */
async function install(count: number): Promise<string[]> {
  const ids: string[] = []
  while (ids.length < count) {
    const some = Array.from({ length: Math.min(10, count - ids.length) }, async (_, at) => {
      const id = await world.install(`app-${ids.length + at}`)
      for (const drain of world.heroku.find(id)?.drains ?? []) drain.url = `${HERE}/drains/${id}`
      return id
    })
    ids.push(...(await Promise.all(some)))
  }
  await world.room().tokens.exchangeDue()
  return ids
}

async function culvert(...args: string[]) {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  const code = await runCli(args, { environment: environment(), write, writeError: write })
  return { code, output }
}

const move = (...more: string[]) => culvert('drains', 'move', '--to', THERE, '--unchecked', ...more)
const allDrains = (): AttachedDrain[] => world.heroku.resources().flatMap(({ drains }) => drains)
const puts = () => world.platform.count('PUT', /\/log-drains\//)

describe('culvert drains move', () => {
  it('moves each drain of 500 resources once, through 429s, lost answers and a crash half-way', async () => {
    const ids = await install(500)
    for (const id of ids.filter((_, at) => at % 5 === 0)) {
      world.heroku.attach(id).url = `${HERE}/drains/${id}`
    }
    expect(allDrains()).toHaveLength(600)
    world.platform.fail({ kind: 'limited', on: PUT, times: 20, retryAfterSeconds: 0 })
    world.platform.fail({ kind: 'limited', on: LIST, times: 20, retryAfterSeconds: 0 })
    world.platform.fail({ kind: 'lost', on: PUT, times: 10 })
    world.platform.fail({ kind: 'html', on: PUT, times: 5 })
    world.platform.fail({ kind: 'html', on: LIST, times: 5 })

    const args = ['drains', 'move', '--to', THERE, '--unchecked']
    const first = startCulvert(args, environment())
    await expect
      .poll(() => allDrains().filter(({ moves }) => moves > 0).length, { timeout: 120_000, interval: 5 })
      .toBeGreaterThan(200)
    first.kill()
    expect(await first.ended).toBeNull()
    const half = allDrains().filter(({ moves }) => moves > 0).length
    expect(half).toBeLessThan(600)

    world.platform.fail({ kind: 'limited', on: PUT, times: 6, retryAfterSeconds: 1 })
    world.platform.fail({ kind: 'lost', on: PUT, times: 10 })
    const second = startCulvert(args, environment())
    expect(await second.ended, second.output()).toBe(0)
    expect(allDrains().filter(({ moves }) => moves !== 1)).toEqual([])
    for (const { uuid, drains } of world.heroku.resources()) {
      for (const { url } of drains) expect(url).toBe(`${THERE}/drains/${uuid}`)
    }
    expect(second.output()).toMatch(/^100 % {2}500\/500, \d+ drains moved, 0 failed$/m)
    expect(second.output()).toMatch(/^Moved \d+ drains of 500 resources to https:\/\/there\.example\.com; /m)
    expect(second.output()).toContain(`set DRAIN_URL=${THERE}`)

    // All were seen there within the hour: nobody is asked again.
    const asked = world.platform.requests.length
    const third = await move()
    expect(third).toMatchObject({ code: 0, output: expect.stringContaining('; 600 pointed there already') })
    expect(world.platform.requests.length).toBe(asked)
  }, 300_000)

  it('says in a dry run what it would do, and does and asks nothing', async () => {
    const ids = await install(3)
    await culvert('drains', 'list', '--live')
    const asked = world.platform.requests.length
    expect(await move('--dry-run')).toEqual({
      code: 0,
      output: `Would move 3 drains of 3 resources to ${THERE}; 0 point there already, by what is known here.\n`,
    })
    expect(world.platform.requests.length).toBe(asked)
    expect(allDrains().map(({ moves }) => moves)).toEqual([0, 0, 0])
    expect(await move('--resource', ids[0] as string)).toMatchObject({ code: 0 })
    expect(puts()).toBe(1)
  })

  it('says which could not be moved and why, exits with 1, and moves the others', async () => {
    const [gone, alive] = await install(2)
    world.heroku.drop(gone as string)
    await world.database.pool.query('update heroku_authorization set access_expires_at = now()')
    const { code, output } = await move()
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^FAILED  ${gone}  culvert-curly-41233: .*answered 401`, 'm'))
    expect(output).toContain('1 resources failed: the same command tries them again.')
    expect(world.heroku.find(alive as string)?.drains[0]?.url).toBe(`${THERE}/drains/${alive}`)
  })

  it('passes over a drain whose app is detached at that moment', async () => {
    const [id = ''] = await install(1)
    world.heroku.attach(id, 'calm-lake')
    world.platform.fail({ kind: 'slow', ms: 300, on: PUT, times: 1 })
    const moving = move()
    await expect.poll(puts).toBe(1)
    for (const { app } of world.heroku.find(id)?.drains ?? [])
      if (app === 'calm-lake') world.heroku.detach(id, app)
    expect((await moving).code).toBe(0)
    expect(allDrains()).toMatchObject([{ moves: 1 }])
  })

  it('is done by one command at a time', async () => {
    await install(1)
    world.platform.fail({ kind: 'slow', ms: 1_000, on: PUT, times: 1 })
    const first = move()
    await expect.poll(puts).toBe(1)
    expect(await move()).toEqual({
      code: 2,
      output: 'Drains are being moved already: wait for that to end.\n',
    })
    expect((await first).code).toBe(0)
  })

  it('looks first whether a Culvert answers there', async () => {
    await install(1)
    const { code, output } = await culvert('drains', 'move', '--to', 'https://127.0.0.1:1')
    expect({ code, output }).toEqual({
      code: 2,
      output: expect.stringMatching(/127\.0\.0\.1:1\/drains\/doctor: /),
    })
    expect(puts()).toBe(0)
  })

  it.each([
    [['move'], /Say where to/],
    [['move', '--to', 'http://there.example.com'], /must be an https address/],
    [['move', '--to', 'https://there.example.com/path'], /must be an https address/],
    [
      ['move', '--to', THERE, '--resource', '8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b', '--unchecked'],
      /no live resource/,
    ],
    [['remove'], /list or move/],
    [['list', '--wrong'], /--wrong/],
  ])('refuses %j in a sentence, and exits with 2', async (args, sentence) => {
    const { code, output } = await culvert('drains', ...args)
    expect({ code, output }).toEqual({ code: 2, output: expect.stringMatching(sentence) })
  })
})

describe('culvert drains list', () => {
  it('shows what points where, as of the last list', async () => {
    const [id = '', other = ''] = await install(2)
    const elsewhere = world.heroku.attach(id, 'calm-lake')
    elsewhere.url = `${THERE}/drains/${id}`
    const before = await culvert('drains', 'list')
    expect(before.output).toMatch(new RegExp(`^${id} +\\? +\\? +\\? +not listed yet$`, 'm'))

    const { code, output } = await culvert('drains', 'list', '--live', '--json')
    expect(code).toBe(0)
    const rows = JSON.parse(output) as { resource: string }[]
    const inOrder = (row: { resource: string }) => (row.resource === id ? 0 : 1)
    expect(rows.toSorted((a, b) => inOrder(a) - inOrder(b))).toMatchObject([
      { resource: id, app: 'app-0', url: `${HERE}/drains/${id}`, ours: true },
      { resource: id, app: 'calm-lake', drain: elsewhere.drainId, url: elsewhere.url, ours: false },
      { resource: other, app: 'app-1', ours: true, listed_at: expect.stringMatching(/^20\d\d-/) },
    ])
    const after = await culvert('drains', 'list', '--resource', id)
    expect(after.output).toMatch(/^RESOURCE +APP +DRAIN +OURS +URL\n/)
    expect(after.output).toMatch(/ calm-lake +[\w-]{36} +NO +https:\/\/there\.example\.com/)
    expect(after.output).toMatch(/\n2 drains, 1 of them elsewhere\.\n$/)
  })

  it('tells which resources could not be listed', async () => {
    const [id = ''] = await install(1)
    world.platform.fail({ kind: 'plain', on: LIST })
    const { code, output } = await culvert('drains', 'list', '--live')
    expect(code).toBe(1)
    expect(output).toMatch(new RegExp(`^${id}: the Platform API answered 403`, 'm'))
  })

  it('needs a database that is migrated, and says so', async () => {
    const service = await startTestService()
    const write = () => {}
    let said = ''
    const run = (settings: Record<string, string>) =>
      runCli(['drains', 'list'], {
        environment: settings,
        write,
        writeError(text) {
          said = text
        },
      })
    expect(await run({})).toBe(2)
    expect(said).toMatch(/^DATABASE_URL is not set/)
    expect(await run({ PORT: 'x' })).toBe(2)
    expect(said).toMatch(/^PORT: /)
    await service.database.pool.query('delete from migration where name = (select max(name) from migration)')
    expect(await run({ DATABASE_URL: service.database.url })).toBe(2)
    expect(said).toMatch(/^The database lacks 1 migration/)
    await service.close()
  })
})

describe('progress', () => {
  const shown = (isTerminal: boolean, steps: number) => {
    let text = ''
    let now = 0
    const progress = createProgress(steps, {
      write(part) {
        text += part
      },
      isTerminal,
      now: () => now,
    })
    for (let done = 1; done <= steps; done++) {
      now += 1
      progress.show(done, '')
    }
    progress.end()
    return text
  }

  it('is a bar that rewrites itself for who watches', () => {
    const text = shown(true, 1_000)
    expect(text.split('\r').length).toBeLessThan(20)
    expect(text).toMatch(/\r\[#{30}\] 1000\/1000\n$/)
  })

  it('is some lines for a file', () => {
    const lines = shown(false, 1_000).trimEnd().split('\n')
    expect(lines).toHaveLength(11)
    expect(lines.at(-1)).toBe('100 %  1000/1000')
  })
})
