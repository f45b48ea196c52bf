// A throw-away Postgres of a test's own, to be stopped, crashed and started again at one and the same address.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { chmod, rm, symlink, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import { migrate } from '../../src/database/migrate.ts'
import { openPool } from './pool.ts'

export interface OwnPostgres {
  url: string
  /** Every process of the server stands still: it takes connections and answers nothing. */
  freeze(): void
  thaw(): void
  /** SIGKILL to every process of the server. */
  crash(): Promise<void>
  startAgain(): Promise<void>
  /** Whether its server is there. One whose disk is full may end by itself. */
  runs(): boolean
  query<T extends object>(sql: string, values?: unknown[]): Promise<T[]>
  close(): Promise<void>
}

/** @param directory where its data goes; emptied and removed at the end */
export async function startOwnPostgres(
  directory = mkdtempSync(join(tmpdir(), 'culvert-own-')),
): Promise<OwnPostgres> {
  await chmod(directory, 0o711)
  const address = join(directory, 's')
  const start = async () => {
    const started = await startEmbeddedPostgres({ dataDirectory: directory, durable: false })
    const sockets = decodeURIComponent(new URL(started.url).hostname)
    await unlink(address).catch(() => {})
    await symlink(sockets, address)
    return started
  }
  let postgres = await start()
  const url = `postgres://postgres@${encodeURIComponent(address)}/culvert`
  const onPool = async <T>(work: (pool: ReturnType<typeof openPool>) => Promise<T>) => {
    const pool = openPool(url, { statementTimeoutMs: null })
    try {
      return await work(pool)
    } finally {
      await pool.end()
    }
  }
  await onPool(migrate)
  // A commit that was answered must outlive the server's processes, though not the machine.
  await onPool((pool) => pool.query('alter database culvert set synchronous_commit = on'))

  const postmaster = () =>
    Number.parseInt(readFileSync(join(postgres.directory, 'cluster', 'postmaster.pid'), 'utf8'), 10)
  const signal = (name: NodeJS.Signals) => {
    const server = postmaster()
    // The postmaster first: it must not make more of them meanwhile.
    for (const pid of [server, ...childrenOf(server)]) {
      try {
        process.kill(pid, name)
      } catch {
        // Gone in the meantime.
      }
    }
  }
  return {
    url,
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    async crash() {
      signal('SIGKILL')
      await postgres.stop()
    },
    async startAgain() {
      postgres = await start()
    },
    runs() {
      try {
        return process.kill(postmaster(), 0)
      } catch {
        return false
      }
    },
    query: (sql, values) => onPool(async (pool) => (await pool.query(sql, values)).rows),
    async close() {
      signal('SIGCONT')
      await postgres.stop()
      await rm(postgres.directory, { recursive: true, force: true })
      await rm(directory, { recursive: true, force: true })
    },
  }
}

function childrenOf(parent: number): number[] {
  return execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, ppid]) => ppid === parent)
    .map(([pid]) => pid as number)
}
