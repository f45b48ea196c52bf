// PgBouncer in transaction mode over the Postgres of a test. Debian has it (`apt-get install pgbouncer`); the tests use
// the one on the PATH and are skipped where there is none.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { asAccount, chooseAccount } from '../../src/database/account.ts'

export interface PgBouncer {
  /** Of the same database. */
  url: string
  close(): Promise<void>
}

const PORT = 6432
const START_TIMEOUT_MS = 10_000
/** Where Debian puts it, which is not on everybody's PATH. */
const SBIN = '/usr/sbin'

const program = ['pgbouncer', `${SBIN}/pgbouncer`].find(
  (candidate) => spawnSync(candidate, ['--version'], { timeout: 5_000 }).status === 0,
)

/** Says so in one line where it is missing. */
export function hasPgBouncer(): boolean {
  if (program === undefined) console.warn('Skipped: pgbouncer is not installed (apt-get install pgbouncer).')
  return program !== undefined
}

/** With two connections to Postgres, which all clients share. @param settings of its configuration file, name to value */
export async function startPgBouncer(
  databaseUrl: string,
  settings: Record<string, string | number> = {},
): Promise<PgBouncer> {
  // It refuses to run as root, and reaches only a socket of its own account.
  const account = chooseAccount('')
  const directory = mkdtempSync(join(tmpdir(), 'culvert-pgbouncer-'))
  const target = new URL(databaseUrl)
  const configPath = join(directory, 'pgbouncer.ini')
  writeFileSync(
    configPath,
    `[databases]
* = host=${decodeURIComponent(target.hostname)} user=${target.username}
[pgbouncer]
unix_socket_dir = ${directory}
listen_port = ${PORT}
auth_type = any
pool_mode = transaction
default_pool_size = 2
${Object.entries(settings)
  .map(([name, value]) => `${name} = ${value}\n`)
  .join('')}`,
  )
  chmodSync(configPath, 0o644)
  if (account.lent) chownSync(directory, account.uid, account.gid)
  // It ends with the pipe, and so with this process, however that ends.
  const script = '"$@" & cat >/dev/null; kill -INT $!; wait'
  const { file, args, options } = asAccount(account, [
    'sh',
    '-c',
    script,
    'sh',
    program as string,
    configPath,
  ])
  const child = spawn(file, args, { ...options, stdio: ['pipe', 'ignore', 'pipe'] })
  const exited = once(child, 'exit')
  await new Promise<void>((resolve, reject) => {
    let said = ''
    const timer = setTimeout(() => reject(new Error(`pgbouncer did not start:\n${said}`)), START_TIMEOUT_MS)
    child.stderr?.on('data', (chunk) => {
      said += chunk
      if (!said.includes('process up')) return
      clearTimeout(timer)
      resolve()
    })
  })
  return {
    url: `postgres://${target.username}@${encodeURIComponent(directory)}:${PORT}${target.pathname}`,
    async close() {
      child.stdin?.end()
      await exited
      await rm(directory, { recursive: true, force: true })
    },
  }
}
