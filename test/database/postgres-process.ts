// What the tests of the embedded Postgres share: it is started by a process of its own (postgres-child.ts), which may
// be killed, and what is left of it then is looked for.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { expect } from 'vitest'
import type { EmbeddedPostgres } from '../../src/database/embedded-postgres.ts'
import type { ChildAnswer, ChildSettings } from './postgres-child.ts'

const GONE_TIMEOUT_MS = 10_000
const children: ChildProcess[] = []

/** For afterEach: a failed test leaves its child behind. */
export function killChildren(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL')
}

interface Started extends ChildAnswer {
  child: ChildProcess
  processes: number[]
}

export async function startChild(settings: ChildSettings): Promise<Started> {
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

export async function query(url: string, sql: string): Promise<object[]> {
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

/** The server, its guard, and what the server itself knows of its processes. */
export async function processesOf(postgres: Pick<EmbeddedPostgres, 'url' | 'directory'>): Promise<number[]> {
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

export async function expectGone(url: string, processes: number[]): Promise<void> {
  await expect.poll(() => alive(processes), { timeout: GONE_TIMEOUT_MS }).toEqual([])
  await expect.poll(() => existsSync(socketDirectoryOf(url)), { timeout: GONE_TIMEOUT_MS }).toBe(false)
}

/** Not counting zombies: they wait for the machine's init, and hold nothing. */
export function alive(processes: number[]): string[] {
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

export function socketDirectoryOf(url: string): string {
  return decodeURIComponent(new URL(url).hostname)
}
