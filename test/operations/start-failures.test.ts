// What keeps a process from starting is said in a sentence, and nothing that must not be seen is printed with it.
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { runCli } from '../../src/cli/run.ts'
import { createTestDatabase } from '../support/database.ts'
import { PRODUCTION } from '../support/production.ts'
import { startServiceProcess } from '../support/service-process.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SECRET = 'pass/w@rd-0815'
const UNREADABLE = `postgres://culvert:${SECRET}@[nowhere/culvert`
const UNREACHABLE = `postgres://culvert:${encodeURIComponent(SECRET)}@127.0.0.1:1/culvert`
const REASONS = [
  [UNREACHABLE, 'connect ECONNREFUSED 127\\.0\\.0\\.1:1'],
  [UNREADABLE, 'Invalid URL'],
] as const

// Each starts processes.
vi.setConfig({ testTimeout: 120_000 })

/** What a start said that failed. */
async function failureOf(environment: Record<string, string>): Promise<string> {
  return startServiceProcess(environment).then(
    async (service) => {
      await service.end('SIGKILL')
      return 'it started'
    },
    (error: Error) => error.message,
  )
}

function expectSentence(output: string, sentence: RegExp): void {
  expect(output).toMatch(sentence)
  // A stack, as Node prints one.
  expect(output).not.toMatch(/^ +at /m)
  for (const secret of [SECRET, encodeURIComponent(SECRET), 'rd-0815']) expect(output).not.toContain(secret)
}

describe('a start', () => {
  it('on a database that is not there says so, and exits with 1', async () => {
    const output = await failureOf({ DATABASE_URL: UNREACHABLE })
    expectSentence(
      output,
      /^The database cannot be used: connect ECONNREFUSED 127\.0\.0\.1:1\. Check DATABASE_URL/m,
    )
    expect(output).toMatch(/the service ended with 1:/)
  })

  it('on an address that is none says so', async () => {
    expectSentence(
      await failureOf({ DATABASE_URL: UNREADABLE }),
      /^The database cannot be used: Invalid URL\./m,
    )
    expectSentence(
      await failureOf({ ...PRODUCTION, DATABASE_URL: UNREADABLE }),
      /^The database cannot be used: Invalid URL\./m,
    )
  })

  it('on a database that the server does not have says so', async () => {
    const database = await createTestDatabase({ empty: true })
    const url = new URL(database.url)
    url.pathname = '/elsewhere'
    expectSentence(
      await failureOf({ DATABASE_URL: url.href }),
      /^The database cannot be used: database "elsewhere" does not exist\./m,
    )
    await database.close()
  })

  it('on a port that is taken says so', async () => {
    const database = await createTestDatabase()
    const holder = createServer().listen(0, '127.0.0.1')
    await once(holder, 'listening')
    const { port } = holder.address() as AddressInfo
    expectSentence(
      await failureOf({ DATABASE_URL: database.url, PORT: String(port) }),
      new RegExp(`^Port ${port} is in use by another process: set PORT\\.`, 'm'),
    )
    holder.close()
    await database.close()
  })
})

describe('a command', () => {
  const migrate = (url: string) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'src/database/migrate-command.ts'],
      { cwd: ROOT, encoding: 'utf8', env: { PATH: process.env.PATH, DATABASE_URL: url } },
    )
    return { code: status, output: stdout + stderr }
  }
  const culvert = async (url: string, ...args: string[]) => {
    let output = ''
    const write = (text: string) => {
      output += text
    }
    const code = await runCli(args, { environment: { DATABASE_URL: url }, write, writeError: write })
    return { code, output }
  }

  it('migrate on a database that is not there says so, and on an address that is none', () => {
    for (const [url, reason] of REASONS) {
      const { code, output } = migrate(url)
      expectSentence(output, new RegExp(`^The database cannot be used: ${reason}\\.`, 'm'))
      expect(code).toBe(1)
    }
  })

  it.each([
    ['drains', 'list'],
    ['reconcile', '--last'],
    ['store', 'copy', '--from', 'postgres', '--to', 'clickhouse'],
  ])(
    'culvert %s %s on a database that is not there says so, and on an address that is none',
    async (...args) => {
      for (const [url, reason] of REASONS) {
        const { code, output } = await culvert(url, ...args)
        expectSentence(output, new RegExp(`^The database cannot be used: ${reason}\\.`, 'm'))
        expect(code).toBe(2)
      }
    },
  )

  it('culvert doctor tells it as a finding', async () => {
    for (const [url, reason] of REASONS) {
      expectSentence((await culvert(url, 'doctor')).output, new RegExp(`^FAIL +Database +${reason}`, 'm'))
    }
  })
})
