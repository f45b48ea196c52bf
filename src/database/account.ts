// Who Postgres runs as. It refuses to run as root; then we lend it an unprivileged account that already exists, and
// whatever is done in places which that account owns is done as that account.
import { type SpawnOptions, type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { accessSync, constants, lstatSync, type Stats } from 'node:fs'

export interface Account {
  uid: number
  gid: number
  /** True where it is not the account we run as. */
  lent: boolean
}

/** The first that exists is lent. None is ever created. */
const LENT_ACCOUNTS = ['postgres', 'nobody']
const COMMAND_TIMEOUT_MS = 30_000

/**
 * The account to run Postgres as: ours, unless we are root; then the owner of an existing cluster, so that a
 * directory made by a person can be opened by root as well; else `postgres` or `nobody`.
 */
export function chooseAccount(clusterDirectory: string): Account {
  const uid = process.getuid?.()
  const gid = process.getgid?.()
  if (uid === undefined || gid === undefined) {
    throw new Error('The embedded Postgres runs on Linux and macOS only; set DATABASE_URL.')
  }
  if (uid !== 0) return { uid, gid, lent: false }
  const cluster = statOf(clusterDirectory)
  if (cluster !== undefined && cluster.uid !== 0) return { uid: cluster.uid, gid: cluster.gid, lent: true }
  for (const name of LENT_ACCOUNTS) {
    const [lentUid, lentGid] = [idOf('-u', name), idOf('-g', name)]
    if (lentUid !== undefined && lentGid !== undefined) return { uid: lentUid, gid: lentGid, lent: true }
  }
  throw new Error(
    `Postgres refuses to run as root, and there is no account ${LENT_ACCOUNTS.join(' or ')} to run it as: ` +
      'run as an ordinary user, or set DATABASE_URL.',
  )
}

function idOf(option: '-u' | '-g', name: string): number | undefined {
  const { status, stdout } = spawnSync('id', [option, name], {
    encoding: 'utf8',
    timeout: COMMAND_TIMEOUT_MS,
  })
  // Node takes ids as signed: macOS has nobody at 4294967294, which is -2.
  return status === 0 ? Number(stdout.trim()) | 0 : undefined
}

/**
 * A command line and options for spawn that run `command` as the account, from a directory it can stand in, and
 * with a clean environment: ours holds secrets, and PGPORT and the like would change what Postgres does.
 */
export function asAccount(
  account: Account,
  command: readonly string[],
): { file: string; args: string[]; options: SpawnOptions } {
  return {
    file: '/bin/sh',
    args: ['-c', 'exec env -i PATH="$PATH" LC_ALL=C TZ=UTC "$@"', 'sh', ...command],
    options: { cwd: '/', ...(account.lent ? { uid: account.uid, gid: account.gid } : {}) },
  }
}

/** Runs a short command to its end. */
export function runAsAccount(
  account: Account,
  command: readonly string[],
  timeoutMs = COMMAND_TIMEOUT_MS,
): SpawnSyncReturns<string> {
  const { file, args, options } = asAccount(account, command)
  return spawnSync(file, args, { ...options, encoding: 'utf8', timeout: timeoutMs, killSignal: 'SIGKILL' })
}

/** Asks the account itself: permissions, read-only mounts and directories above are all counted in. */
export function canUseDirectory(account: Account, directory: string): boolean {
  return runAsAccount(account, ['sh', '-c', 'cd "$1" && test -w .', 'sh', directory]).status === 0
}

/** The first of the directories where we can make something for the account to find. */
export function findSharedDirectory(account: Account, directories: readonly string[]): string | undefined {
  return directories.find(
    (directory) =>
      isWritable(directory) && runAsAccount(account, ['sh', '-c', 'cd "$1"', 'sh', directory]).status === 0,
  )
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Without following a symbolic link; undefined where there is nothing, or nothing that we may see. */
export function statOf(path: string): Stats | undefined {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}
