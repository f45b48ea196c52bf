// A Postgres of our own, for development and tests: nothing to install, nothing to configure, nothing left behind.
// It listens on a unix socket in a private directory and on no port: who may enter the directory may connect.
//
//   find the account → settle the place → initdb once → start under a guard → wait until it answers → create the
//   database. stop() ends the server; so does the end of our process, in whatever way (see server-process.ts).
import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import {
  type Account,
  canUseDirectory,
  chooseAccount,
  findSharedDirectory,
  runAsAccount,
  statOf,
} from './account.ts'
import {
  DEFAULT_PLACES,
  findPostgres,
  type PostgresBinaries,
  type PostgresPlace,
} from './postgres-binaries.ts'
import { logTail, type ServerProcess, startServerProcess } from './server-process.ts'
import { isTransient } from './sqlstate.ts'

export interface EmbeddedPostgresOptions {
  /** Made if missing. The cluster goes into `postgres/` inside it. */
  dataDirectory: string
  /** False for throw-away clusters: nothing is synced to disk, and a crash of the machine may ruin the cluster. */
  durable?: boolean
  /** Where to look for the server's programs, the best first. */
  places?: readonly PostgresPlace[]
  /** Told in sentences what a person should know, such as where the data went. */
  log?: (sentence: string) => void
  /** How long the server may take until it answers: recovery after a crash takes its time. */
  startTimeoutMs?: number
}

export interface EmbeddedPostgres {
  /**
   * postgres://postgres@%2Ftmp%2Fculvert-…/culvert: the socket's directory, percent-encoded, in place of the host.
   * pg, libpq (psql, DATABASE_URL of a child) and `new URL` all read it; of `postgres://postgres@/culvert?host=…`,
   * which pg and libpq read too, `new URL` says that it is invalid.
   */
  url: string
  /** Where the data is: inside the wanted directory, or where the account could go instead. */
  directory: string
  /** Ends the server and waits until it is gone. May be called again. */
  stop(): Promise<void>
}

const USER = 'postgres'
const DATABASE = 'culvert'
const START_TIMEOUT_MS = 60_000
const INITDB_TIMEOUT_MS = 120_000
const CONNECT_TIMEOUT_MS = 5_000
const POLL_MS = 25
/** How long a server that lost its starter may take to begin its shutdown, and to be through with it. */
const NOTICE_MS = 1_000
const LEAVING_TIMEOUT_MS = 25_000
/** Of postmaster.pid, from 0 (Postgres: src/include/utils/pidfile.h). */
const PID_FILE_STATUS_LINE = 7
/** sun_path is 108 bytes with its NUL on Linux, 104 on macOS. */
const SOCKET_PATH_LIMIT_BYTES = process.platform === 'darwin' ? 103 : 107
const SOCKET_NAME = '.s.PGSQL.5432'

export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const log = options.log ?? (() => {})
  const wanted = resolve(options.dataDirectory)
  const account = chooseAccount(join(wanted, 'postgres', 'cluster'))
  const home = settleHome(account, wanted, log)
  const cluster = join(home, 'cluster')
  const logPath = join(home, 'postgres.log')

  const binaries = findPostgres(account, options.places ?? DEFAULT_PLACES, majorVersionOf(account, cluster))
  await refuseLiveServer(account, cluster)
  if (majorVersionOf(account, cluster) === undefined) initializeCluster(account, binaries, cluster)

  const socketDirectory = makeSocketDirectory(account)
  const url = (database: string) => `postgres://${USER}@${encodeURIComponent(socketDirectory)}/${database}`
  const server = startServerProcess({
    account,
    binDirectory: binaries.binDirectory,
    clusterDirectory: cluster,
    socketDirectory,
    logPath,
    settings: settings(socketDirectory, options.durable ?? true),
  })
  try {
    const deadline = performance.now() + (options.startTimeoutMs ?? START_TIMEOUT_MS)
    await ensureDatabase(url('postgres'), server, deadline)
  } catch (error) {
    await server.stop()
    await refuseLiveServer(account, cluster)
    throw new Error(`${(error as Error).message}${logTail(account, logPath)}`, { cause: error })
  }

  let stopping: Promise<void> | undefined
  server.exited.then((code) => {
    if (stopping !== undefined) return
    log(`The embedded Postgres ended by itself, with code ${code}.${logTail(account, logPath)}`)
  }, ignore)
  return {
    url: url(DATABASE),
    directory: home,
    stop() {
      stopping ??= server.stop()
      return stopping
    },
  }
}

/**
 * Where the cluster lives: in the wanted directory, if the account can use it. A checkout in /root, or one that is
 * mounted read-only, it cannot; then in a place that depends only on the wanted path, to be found again next time.
 */
function settleHome(account: Account, wanted: string, log: (sentence: string) => void): string {
  const home = join(wanted, 'postgres')
  try {
    mkdirSync(wanted, { recursive: true })
    if (statOf(home) === undefined) {
      mkdirSync(home, { mode: 0o700 })
      if (account.lent) chownSync(home, account.uid, account.gid)
    }
  } catch {
    // Not ours to write in; what counts is asked next.
  }
  if (canUseDirectory(account, home)) return home

  const digest = createHash('sha256').update(wanted).digest('hex').slice(0, 16)
  const elsewhere = `/var/tmp/culvert-${digest}`
  runAsAccount(account, ['mkdir', '-m', '700', elsewhere])
  const stats = statOf(elsewhere)
  if (!stats?.isDirectory() || stats.uid !== account.uid || (stats.mode & 0o022) !== 0) {
    throw new Error(
      `The account ${account.uid} that Postgres runs as cannot use ${home}, and ${elsewhere} is not its own.`,
    )
  }
  log(
    `The data of the embedded Postgres is in ${elsewhere}: the account ${account.uid} that it runs as cannot use ${home}.`,
  )
  return elsewhere
}

function majorVersionOf(account: Account, cluster: string): number | undefined {
  const { status, stdout } = runAsAccount(account, ['cat', join(cluster, 'PG_VERSION')])
  return status === 0 ? Number.parseInt(stdout, 10) : undefined
}

/** Under another name first: an initdb that was cut short must not pass for a cluster. */
function initializeCluster(account: Account, binaries: PostgresBinaries, cluster: string): void {
  const draft = `${cluster}.${process.pid}.new`
  // From one that was cut short: in a container, pids start over.
  runAsAccount(account, ['rm', '-rf', draft])
  const { status, stdout, stderr, error } = runAsAccount(
    account,
    [
      join(binaries.binDirectory, 'initdb'),
      `--pgdata=${draft}`,
      `--username=${USER}`,
      '--encoding=UTF8',
      '--locale=C',
      // The socket's directory is what keeps others out.
      '--auth=trust',
      '--no-sync',
    ],
    INITDB_TIMEOUT_MS,
  )
  if (status !== 0) {
    runAsAccount(account, ['rm', '-rf', draft])
    const said = `${stdout ?? ''}\n${stderr ?? ''}`.trim()
    throw new Error(`initdb could not make ${cluster} (${error?.message ?? `code ${status}`}):\n${said}`)
  }
  try {
    renameSync(draft, cluster)
  } catch (error) {
    runAsAccount(account, ['rm', '-rf', draft])
    // Another process was first; which of us may run it, the server's own lock decides.
    if (majorVersionOf(account, cluster) === undefined) throw error
  }
}

/**
 * Postgres guards its directory itself, with the same pid file. We look first to give a sentence; to wait for a
 * server that is on its way out because our last process was just killed; and because Postgres takes any process
 * with that pid for the old server: in a container, where pids start over, that would be common.
 */
async function refuseLiveServer(account: Account, cluster: string): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  const started = performance.now()
  for (;;) {
    const { status, stdout } = runAsAccount(account, ['cat', pidFile])
    const lines = stdout.split('\n')
    const pid = Number.parseInt(lines[0] ?? '', 10)
    if (status !== 0 || Number.isNaN(pid) || !isAlive(pid)) return
    if (!isPostgres(account, pid, cluster)) {
      disownPidFile(account, pidFile)
      return
    }
    const patienceMs = lines[PID_FILE_STATUS_LINE]?.trim() === 'stopping' ? LEAVING_TIMEOUT_MS : NOTICE_MS
    if (performance.now() - started > patienceMs) {
      throw new Error(`Another Postgres server (pid ${pid}) is running on ${cluster}: stop it first.`)
    }
    await sleep(POLL_MS)
  }
}

/**
 * Gives the file a pid that no process can have. It is not deleted: the rest of it leads Postgres to the shared
 * memory that leftover backends would still hold.
 */
function disownPidFile(account: Account, pidFile: string): void {
  const script = '{ echo 2147483646; tail -n +2 "$1"; } >"$1.new" && mv -f "$1.new" "$1"'
  runAsAccount(account, ['sh', '-c', script, 'sh', pidFile])
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * A server stands in its data directory. On Linux that can be asked, of our own account's processes and of no zombie;
 * elsewhere its name has to do.
 */
function isPostgres(account: Account, pid: number, cluster: string): boolean {
  if (process.platform === 'linux') {
    const { stdout } = runAsAccount(account, ['readlink', `/proc/${pid}/cwd`])
    return stdout.trim() !== '' && stdout.trim() === realPath(account, cluster)
  }
  const { stdout } = runAsAccount(account, ['ps', '-o', 'comm=', '-p', String(pid)])
  return stdout.includes('postgres')
}

function realPath(account: Account, path: string): string {
  return runAsAccount(account, ['sh', '-c', 'cd "$1" && pwd -P', 'sh', path]).stdout.trim()
}

/** Fresh and the account's own, below the first temporary directory where the socket's path is short enough. */
function makeSocketDirectory(account: Account): string {
  const parents = [tmpdir(), '/tmp', '/var/tmp'].filter(
    (parent) => Buffer.byteLength(join(parent, 'culvert-XXXXXX', SOCKET_NAME)) <= SOCKET_PATH_LIMIT_BYTES,
  )
  const parent = findSharedDirectory(account, parents)
  if (parent === undefined) {
    throw new Error(`There is no place for the socket of the embedded Postgres: ${parents} cannot be used.`)
  }
  const directory = mkdtempSync(join(parent, 'culvert-'))
  if (account.lent) chownSync(directory, account.uid, account.gid)
  return directory
}

function settings(socketDirectory: string, durable: boolean): string[] {
  return [
    'listen_addresses=',
    `unix_socket_directories=${socketDirectory}`,
    'unix_socket_permissions=0700',
    'port=5432',
    'timezone=UTC',
    'log_timezone=UTC',
    'logging_collector=off',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ]
}

/** Waits until the server answers, and creates our database if it is not there. */
async function ensureDatabase(url: string, server: ServerProcess, deadline: number): Promise<void> {
  let ended: string | undefined
  server.exited.then(
    (code) => {
      ended = `The embedded Postgres did not start: it ended with code ${code}.`
    },
    (error: Error) => {
      ended = `The embedded Postgres could not be started: ${error.message}.`
    },
  )
  for (;;) {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_TIMEOUT_MS })
    client.on('error', ignore)
    try {
      await client.connect()
      const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE])
      if (rowCount === 0) await client.query(`create database ${DATABASE}`)
      return
    } catch (error) {
      if (ended !== undefined) throw new Error(ended)
      if (!isTransient(error)) throw error
      if (performance.now() > deadline) {
        throw new Error(`The embedded Postgres did not answer in time: ${(error as Error).message}.`)
      }
    } finally {
      await client.end().catch(ignore)
    }
    await sleep(POLL_MS)
  }
}

function ignore(): void {}
