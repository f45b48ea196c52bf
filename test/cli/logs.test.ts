import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { printLine } from '../../src/cli/logs-print.ts'
import { runCli } from '../../src/cli/run.ts'
import { startCulvert } from '../support/culvert-command.ts'
import { counted, frame } from '../support/deliveries.ts'
import { makeTokenAt } from '../support/reading.ts'
import {
  deliver,
  deprovision,
  provision,
  startTestService,
  type TestResource,
  type TestService,
} from '../support/service.ts'

const SOON = { timeout: 20_000, interval: 50 }

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

async function customer() {
  const resource = await provision(service)
  const token = await makeTokenAt(service.origin, service.config, resource.id)
  return {
    resource,
    environment: { CULVERT_URL: `${service.origin}/resources/${resource.id}`, CULVERT_TOKEN: token },
  }
}

async function send(resource: TestResource, messages: readonly string[], at = new Date()) {
  const frames = messages.map((message) =>
    counted(frame(message, { at: at.toISOString().replace('Z', '000+00:00') })),
  )
  expect((await deliver(resource, Buffer.concat(frames))).status).toBe(204)
}

async function culvert(args: string[], environment: Record<string, string>, isTerminal = false) {
  let [out, err] = ['', '']
  const code = await runCli(args, {
    environment,
    isTerminal,
    write: (text) => {
      out += text
    },
    writeError: (text) => {
      err += text
    },
  })
  return { code, out, err }
}

describe('culvert logs', () => {
  it('shows the newest lines oldest first, as heroku logs prints them', async () => {
    const { resource, environment } = await customer()
    const at = new Date()
    await send(resource, ['one', 'two error', 'three'], at)
    const time = at.toISOString().replace('Z', '000+00:00')
    const all = await culvert(['logs'], environment)
    expect(all).toEqual({
      code: 0,
      out: ['one', 'two error', 'three'].map((message) => `${time} app[web.1]: ${message}\n`).join(''),
      err: '',
    })
    expect((await culvert(['logs', 'error'], environment)).out).toBe(`${time} app[web.1]: two error\n`)
    expect((await culvert(['logs', '-n', '1'], environment)).out).toBe(`${time} app[web.1]: three\n`)
    expect((await culvert(['logs', '--', 'one OR three', '-two'], environment)).out.split('\n')).toHaveLength(
      3,
    )
    expect((await culvert(['logs', '--app', 'other'], environment)).out).toBe('')
    const [line] = (await culvert(['logs', '--json', 'error'], environment)).out.split('\n')
    expect(JSON.parse(line ?? '')).toMatchObject({ message: 'two error', process: 'web.1' })
  })

  it('shows all lines since a time, however many, and pages where a number is asked for', async () => {
    const { resource, environment } = await customer()
    await send(resource, ['long ago'], new Date(Date.now() - 7_200_000))
    const many = Array.from({ length: 2_300 }, (_, at) => `line ${at}`)
    await send(resource, many)
    const messages = (out: string) =>
      out
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/^.*?: /, ''))
    expect(messages((await culvert(['logs', '--since', '1h'], environment)).out)).toEqual(many)
    expect(messages((await culvert(['logs', '-n', '2200'], environment)).out)).toEqual(many.slice(100))
    expect(messages((await culvert(['logs', '-n', '5000'], environment)).out)).toEqual(['long ago', ...many])
  })

  it('says what is wrong, and never the token', async () => {
    const { resource, environment } = await customer()
    const wrong = { ...environment, CULVERT_TOKEN: 'culvert_wrong' }
    const told = async (args: string[], given: Record<string, string>) => {
      const { code, out, err } = await culvert(['logs', ...args], given)
      expect([code, out]).toEqual([2, ''])
      return err
    }
    expect(await told([], {})).toMatch(/^Set CULVERT_URL/)
    expect(await told([], { CULVERT_URL: environment.CULVERT_URL })).toMatch(/^Set CULVERT_TOKEN/)
    expect(await told([], { ...environment, CULVERT_URL: 'http://example.com/resources/x' })).toMatch(
      /must be https/,
    )
    expect(await told([], wrong)).toBe('This API token is not known here, or was revoked.\n')
    expect(await told(['--tail'], wrong)).toBe('This API token is not known here, or was revoked.\n')
    expect(await told(['--since', 'yesterday'], environment)).toMatch(/--since wants/)
    expect(await told(['-n', '0'], environment)).toMatch(/--num wants/)
    expect(await told(['--nonsense'], environment)).toMatch(/culvert logs --help/)
    expect(await told([], { ...environment, CULVERT_URL: 'http://127.0.0.1:9/resources/x' })).toBe(
      'The service cannot be reached.\n',
    )
    expect(resource.id).toBeTruthy()
  })

  it('follows what comes in, and ends when the add-on is removed', async () => {
    const { resource, environment } = await customer()
    await send(resource, ['before'])
    const command = startCulvert(['logs', '--tail', 'r'], environment)
    await vi.waitFor(() => expect(command.output()).toContain(': before\n'), SOON)
    await send(resource, ['after', 'with out'])
    await vi.waitFor(() => expect(command.output()).toContain(': after\n'), SOON)
    await deprovision(service, resource.id)
    expect(await command.ended).toBe(1)
    expect(command.output()).toMatch(
      /: before\n.*: after\nThe token was revoked, or the add-on removed\.\n$/s,
    )
  }, 60_000)
})

describe('a line in a terminal', () => {
  const line = {
    cursor: '',
    sent_at: '2026-11-21T10:00:00.123456Z',
    level: null,
    source: 'app',
    process: 'web.1',
    message: 'hi',
  }

  it('has the colour of its process, and red only for errors', () => {
    const plain = printLine(line, true)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are meant
    expect(plain).toMatch(/^\x1b\[\d+m2026-11-21T10:00:00\.123456\+00:00 app\[web\.1\]:\x1b\[0m hi\n$/)
    expect(plain).not.toMatch(/\[3[13]m/)
    expect(printLine({ ...line, message: 'ho' }, true).slice(0, 10)).toBe(plain.slice(0, 10))
    expect(printLine({ ...line, level: 'error' }, true)).toContain('\x1b[31mhi\x1b[0m')
    expect(printLine({ ...line, level: 'warn' }, true)).toContain('\x1b[33mhi\x1b[0m')
  })

  it('makes the terminal do nothing but colours', () => {
    const hostile = 'a\x1b]0;title\x07b\x1b[2Jc\x1b[31mred\x1b[0m\x9b5nd\be'
    const printed = printLine({ ...line, message: hostile }, true)
    expect(printed.slice(printed.indexOf('a', 50))).toBe('a]0;titlebc\x1b[31mred\x1b[0m5nde\x1b[0m\n')
  })

  it('is exactly what was logged where nobody watches', () => {
    expect(printLine({ ...line, message: 'a\x1b[2Jb' }, false)).toBe(
      '2026-11-21T10:00:00.123456+00:00 app[web.1]: a\x1b[2Jb\n',
    )
    expect(printLine({ ...line, source: null, process: null }, false)).toContain(' -: hi\n')
  })
})
