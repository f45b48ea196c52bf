import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import {
  alive,
  expectGone,
  killChildren,
  processesOf,
  query,
  socketDirectoryOf,
  startChild,
} from './postgres-process.ts'

const asRoot = process.getuid?.() === 0

let scratch: string

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'culvert-embedded-'))
  await chmod(scratch, 0o711)
})

afterEach(killChildren)

afterAll(() => rm(scratch, { recursive: true, force: true }))

describe('an embedded Postgres', () => {
  it('keeps its data across stop and start, and leaves no process and no socket behind', async () => {
    const dataDirectory = join(scratch, 'kept')
    const first = await startEmbeddedPostgres({ dataDirectory })
    await query(first.url, 'create table kept as select 42 as answer')
    const processes = await processesOf(first)
    expect(processes.length).toBeGreaterThan(2)
    await Promise.all([first.stop(), first.stop()])
    expect(alive(processes)).toEqual([])
    expect(existsSync(socketDirectoryOf(first.url))).toBe(false)

    const second = await startEmbeddedPostgres({ dataDirectory })
    try {
      expect(await query(second.url, 'select answer from kept')).toEqual([{ answer: 42 }])
      expect(await query(second.url, 'show fsync')).toEqual([{ fsync: 'on' }])
      expect(await query(second.url, 'show listen_addresses')).toEqual([{ listen_addresses: '' }])
    } finally {
      await second.stop()
    }
  })

  it('refuses a directory on which another server runs, and takes no leftover pid file for one', async () => {
    const dataDirectory = join(scratch, 'kept')
    const first = await startEmbeddedPostgres({ dataDirectory })
    const cluster = join(first.directory, 'cluster')
    const pidFile = join(cluster, 'postmaster.pid')
    const left = await readFile(pidFile, 'utf8')
    const pid = left.split('\n')[0]
    await expect(startEmbeddedPostgres({ dataDirectory })).rejects.toThrow(
      `Another Postgres server (pid ${pid}) is running on ${cluster}`,
    )
    expect(await query(first.url, 'select 1 as one')).toEqual([{ one: 1 }])
    await first.stop()

    // As after a crash of a container: the same pid is now somebody else, of the account that the server has.
    const somebody = spawn('sleep', ['60'], asRoot ? { uid: await ownerOf(cluster), cwd: '/' } : {})
    await writeFile(pidFile, left.replace(/^\d+/, String(somebody.pid)))
    try {
      const again = await startEmbeddedPostgres({ dataDirectory })
      await again.stop()
      expect(somebody.exitCode).toBe(null)
    } finally {
      somebody.kill('SIGKILL')
    }
  })

  it('says what the log of the server says when it does not start', async () => {
    const dataDirectory = join(scratch, 'kept')
    const configuration = join(dataDirectory, 'postgres', 'cluster', 'postgresql.conf')
    const good = await readFile(configuration, 'utf8')
    await writeFile(configuration, `${good}\nno_such_setting = 1\n`)
    await expect(startEmbeddedPostgres({ dataDirectory })).rejects.toThrow(
      /did not start: it ended with code 1\. The last lines of .*no_such_setting/s,
    )
    await writeFile(configuration, good)
  })
})

describe('when the process that started it', () => {
  it.each(['throws', 'exits'])('%s, the server and its socket are gone too', async (end) => {
    const { child, url, processes } = await startChild({ dataDirectory: join(scratch, 'kept') })
    expect(alive(processes)).toHaveLength(processes.length)
    child.stdin?.write(end === 'throws' ? 'throw\n' : 'exit\n')
    await once(child, 'exit')
    await expectGone(url, processes)
  })

  it('is killed, they are gone too, and a server started at once waits for that', async () => {
    const dataDirectory = join(scratch, 'kept')
    const { child, url, processes } = await startChild({ dataDirectory })
    child.kill('SIGKILL')
    const again = await startEmbeddedPostgres({ dataDirectory })
    try {
      await expectGone(url, processes)
      expect(await query(again.url, 'select 1 as one')).toEqual([{ one: 1 }])
    } finally {
      await again.stop()
    }
  })

  it('is killed together with the server and its guard, the next start recovers', async () => {
    const dataDirectory = join(scratch, 'kept')
    const { child, url, processes } = await startChild({ dataDirectory })
    for (const pid of processes.slice(0, 2).reverse()) process.kill(pid, 'SIGKILL')
    child.kill('SIGKILL')
    const again = await startEmbeddedPostgres({ dataDirectory })
    await again.stop()
    expect(alive(processes)).toEqual([])
    // The guard is what removes it.
    await rm(socketDirectoryOf(url), { recursive: true })
  })

  it('gets Ctrl-C from the terminal, the server does not', async () => {
    const { child, url, processes } = await startChild({ dataDirectory: join(scratch, 'kept') })
    process.kill(-(child.pid ?? Number.NaN), 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    child.kill('SIGKILL')
    await expectGone(url, processes)
  })
})

async function ownerOf(path: string): Promise<number> {
  return (await stat(path)).uid
}
