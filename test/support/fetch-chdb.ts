// ClickHouse's engine inside a process, npm chdb. It is not among our packages, since it is half a gigabyte: it is fetched
// once, into the place where tools keep such things, and linked to where a service finds it that has installed it.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const CHDB = 'chdb@3.4.0'
const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))
const KEPT = join(MODULES, '.cache', CHDB.replace('@', '-'))
const FETCH_TIMEOUT_MS = 300_000

/** For the set-up of a run. False where it cannot be had: then tests that need it are skipped, but not in CI. */
export async function fetchChdb(): Promise<boolean> {
  const link = join(MODULES, 'chdb')
  if (existsSync(link)) return true
  try {
    if (!existsSync(KEPT)) await fetchInto(KEPT)
    await symlink(join(KEPT, 'node_modules/chdb'), link)
    return true
  } catch (error) {
    if (process.env.CI) throw new Error(`${CHDB} could not be fetched`, { cause: error })
    console.warn(`${CHDB} could not be fetched: tests of ClickHouse are skipped`)
    return false
  }
}

async function fetchInto(path: string): Promise<void> {
  const directory = `${path}.${process.pid}`
  await mkdir(directory, { recursive: true })
  try {
    await promisify(execFile)(
      'npm',
      ['install', '--prefix', directory, '--no-save', '--no-audit', '--no-fund', CHDB],
      { timeout: FETCH_TIMEOUT_MS },
    )
    await rename(directory, path)
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
