// The command `test` as it is typed: against the minimal add-on, whole and broken, and without an add-on.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import {
  type MinimalAddon,
  type MinimalOptions,
  PASSWORD,
  SALT,
  startMinimalAddon,
} from '../minimal-addon.ts'
import { freePort } from '../support.ts'

const directory = mkdtempSync(join(tmpdir(), 'addon-contract-test-'))
const open: MinimalAddon[] = []
let whole: MinimalAddon
beforeAll(async () => {
  whole = await addon()
})
afterAll(() => Promise.all(open.map((one) => one.close())))

async function addon(options: MinimalOptions = {}): Promise<MinimalAddon> {
  const one = await startMinimalAddon(options)
  open.push(one)
  return one
}

function fileOf(content: unknown): string {
  const path = join(directory, `${Math.random()}.json`)
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

async function runTest(args: string[], { isTerminal = false, environment = {} } = {}) {
  let output = ''
  let errors = ''
  const code = await runCli(['test', ...args], {
    environment,
    isTerminal,
    write: (text) => {
      output += text
    },
    writeError: (text) => {
      errors += text
    },
  })
  return { code, output, errors }
}

const at = ({ manifest }: MinimalAddon) => ['-f', fileOf(manifest)]

describe('test', () => {
  it('prints each rule that holds, and exits with 0', async () => {
    const { code, output } = await runTest([
      'planchange',
      '--plan',
      'test',
      '--plan',
      'premium',
      ...at(whole),
    ])
    expect(output).toContain(`Testing minimal-logs at ${whole.origin}/heroku/resources`)
    expect(output).toContain('ok   C01 change-plan: Answers 200 or 202 to a change to another plan.')
    expect(output).toMatch(/\n16 ok, 0 failed, 0 warnings, 0 skipped\n$/)
    expect(output).not.toContain('\u001b[')
    expect(code).toBe(0)
  })

  it('says why a rule is skipped', async () => {
    const { code, output } = await runTest(['planchange', ...at(whole)])
    expect(output).toContain(
      'skip C01 change-plan: does not apply: only if a second plan is named with --plan\n',
    )
    expect(code).toBe(0)
  })

  it('groups rules in a row that are skipped for the same reason', async () => {
    const noSalt = JSON.parse(JSON.stringify(whole.manifest))
    delete noSalt.api.sso_salt
    const { code, output } = await runTest(['sso', '-f', fileOf(noSalt)])
    expect(output).toContain('skip S01 to S23: the manifest has no sso_url or no sso_salt\n')
    expect(output).toContain('0 ok, 0 failed, 0 warnings, 23 skipped')
    expect(code).toBe(2)
  })

  it('prints request, response, consequence and source of a broken rule, and exits with 1', async () => {
    const { code, output } = await runTest(['planchange', ...at(await addon({ defect: 'C10' }))])
    expect(output).toContain('FAIL C10 unknown-plan: Answers 422 to a plan that it does not sell.')
    expect(output).toContain('a plan that is not sold: answered 200, not 422')
    expect(output).toMatch(
      /sent: +PUT http:\/\/127\.0\.0\.1:\d+\/heroku\/resources\/[\w-]+ \(a plan that is not sold\)/,
    )
    expect(output).toContain('{"plan":"no-such-plan"}')
    expect(output).toMatch(/answer: +200 in \d+ ms/)
    expect(output).toContain('otherwise:     The customer pays for a plan that does not exist.')
    expect(output).toContain('documented:    sbosio/mylogger-addon')
    expect(code).toBe(1)
  })

  it('prints no secret of the manifest', async () => {
    const broken = await addon({ defect: 'D01' })
    for (const format of [[], ['--json'], ['--tap']]) {
      const { output } = await runTest(['deprovision', ...format, ...at(broken)])
      expect(output).toContain('D01')
      const encoded = Buffer.from(`minimal-logs:${PASSWORD}`).toString('base64')
      for (const secret of [PASSWORD, SALT, encoded]) expect(output).not.toContain(secret)
    }
  })

  it('exits with 0 if there are only warnings', async () => {
    const { code, output } = await runTest(['deprovision', ...at(await addon({ defect: 'D10' }))])
    expect(output).toContain('warn D10 delete-first')
    expect(output).toContain('10 ok, 0 failed, 1 warning, 0 skipped')
    expect(code).toBe(0)
  })

  it('is coloured on a terminal only, and not if NO_COLOR is set', async () => {
    const args = ['deprovision', ...at(whole)]
    expect((await runTest(args, { isTerminal: true })).output).toContain('\u001b[32mok')
    expect((await runTest(args, { isTerminal: true, environment: { NO_COLOR: '1' } })).output).not.toContain(
      '\u001b[',
    )
  })

  it('deprovisions what it provisioned', async () => {
    const one = await addon()
    const [idPort, apiPort] = [await freePort(), await freePort()]
    one.heroku = { idUrl: `http://127.0.0.1:${idPort}`, apiUrl: `http://127.0.0.1:${apiPort}` }
    const ports = ['--id-port', String(idPort), '--api-port', String(apiPort)]
    await runTest(['all', '--plan', 'test', '--plan', 'premium', ...ports, ...at(one)])
    expect(one.resources.size).toBeGreaterThan(10)
    expect([...one.resources.values()].filter(({ state }) => state !== 'gone')).toEqual([])
  })

  it('deprovisions what it provisioned when it is interrupted', async () => {
    const one = await addon({ isAsync: true, defect: 'A02' })
    const running = runTest(['planchange', '--wait', '60', ...at(one)])
    await expect.poll(() => one.resources.size, { timeout: 10_000 }).toBe(1)
    process.emit('SIGINT')
    const { code, output } = await running
    expect(output).toContain('Plan change could not be tested')
    expect([...one.resources.values()].map(({ state }) => state)).toEqual(['gone'])
    expect(code).toBe(2)
  })

  it('replaces control characters of an answer on the screen', async () => {
    const server = createServer((_request, response) => response.writeHead(500).end('\u001b[2J\u0007gone'))
    const port = await freePort()
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
    const manifest = {
      id: 'x',
      api: { password: 'p-x', test: { base_url: `http://127.0.0.1:${port}/heroku/resources` } },
    }
    const { code, output } = await runTest(['provision', '-f', fileOf(manifest)])
    server.closeAllConnections()
    server.close()
    expect(output).toContain('\u00b7[2J\u00b7gone')
    expect(output).not.toContain('\u001b')
    expect(code).toBe(1)
  })
})

describe('test --json and --tap', () => {
  it('--json prints the whole run as one object', async () => {
    const broken = await addon({ defect: 'C10' })
    const { code, output } = await runTest(['planchange', '--json', ...at(broken)])
    const report = JSON.parse(output)
    expect(report).toMatchObject({ addon: 'minimal-logs', status: 1, counts: { fail: 1 } })
    const finding = report.areas[0].findings.find(({ number }: { number: string }) => number === 'C10')
    expect(finding).toMatchObject({
      name: 'unknown-plan',
      strength: 'must',
      result: 'fail',
      source: { url: expect.stringContaining('https://') },
      exchanges: [{ sent: { method: 'PUT', body: '{"plan":"no-such-plan"}' }, received: { status: 200 } }],
    })
    expect(code).toBe(1)
  })

  it('--tap prints a line for each rule, and the plan at the end', async () => {
    const broken = await addon({ defect: 'D10' })
    const { output } = await runTest(['deprovision', '--tap', ...at(broken)])
    const lines = output.split('\n')
    expect(lines[0]).toBe('TAP version 14')
    expect(lines).toContain('ok 1 - D01 deprovision: Answers 200 or 204 to the DELETE of a resource.')
    expect(lines.find((line) => line.startsWith('not ok 10 - D10'))).toMatch(/ # TODO a warning$/)
    expect(lines.filter((line) => /^(not )?ok \d+ - /.test(line))).toHaveLength(11)
    expect(lines.at(-2)).toBe('1..11')
  })
})

describe('test exits with 2', () => {
  const refused = async (args: string[], sentence: string | RegExp) => {
    const { code, output, errors } = await runTest(args)
    expect(output + errors).toMatch(sentence)
    expect(code).toBe(2)
  }

  it('if no area, an unknown area or a wrong option is given', async () => {
    await refused([], /^Name an area: .*provision.*all/)
    await refused(['teapot'], /"teapot" is not one/)
    await refused(['provision', '--teapot'], /--teapot/)
    await refused(['provision', '--id-port', 'x', ...at(whole)], /--id-port must be a port/)
    await refused(['provision', '--wait', '0', ...at(whole)], /--wait must be 1 to 3600 seconds/)
    await refused(['provision', '--deliver-to', 'here', ...at(whole)], /--deliver-to must be an origin/)
  })

  it('if the manifest cannot be used', async () => {
    await refused(['provision', '-f', join(directory, 'none.json')], /none\.json/)
    await refused(['provision', '-f', fileOf('{"id": "secret')], /not JSON/)
    await refused(['provision', '-f', fileOf({ id: 'x', api: { password: 'y' } })], /no api\.test/)
  })

  it('if nothing answers', async () => {
    const base_url = `http://127.0.0.1:${await freePort()}/heroku/resources`
    const manifest = fileOf({ id: 'x', api: { password: 'p-x', test: { base_url } } })
    await refused(['provision', '-f', manifest], /does not answer at .* Is it running/)
  })

  it('if an asynchronous add-on never calls back, and prints the address to call', async () => {
    const port = await freePort()
    const silent = await addon({ isAsync: true, defect: 'A02' })
    silent.heroku = { idUrl: 'http://127.0.0.1:1', apiUrl: 'http://127.0.0.1:1' }
    await refused(
      ['planchange', '--wait', '0.2', '--id-port', String(port), ...at(silent)],
      new RegExp(
        `never called back. Have it call http://127.0.0.1:${port} in place of https://id.heroku.com`,
      ),
    )
  })
})
