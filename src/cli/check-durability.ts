// Whether what the service acknowledges survives a crash, as far as the settings of the database tell. Only looks.
import type pg from 'pg'
import { type Finding, reporter } from './finding.ts'

interface Setting {
  name: string
  /** What is lost; ends the sentence "… is off: …". */
  lost: string
}

const SETTINGS: readonly Setting[] = [
  {
    name: 'synchronous_commit',
    lost: 'when the server crashes, deliveries of the last moments that were acknowledged are lost',
  },
  { name: 'fsync', lost: 'when the machine crashes, the whole database may be lost' },
  {
    name: 'full_page_writes',
    lost: 'when the machine crashes, pages that were being written may be damaged, and their lines lost',
  },
]
/** Retention, leases and receipts of several processes go by the clock. */
const MAX_CLOCK_DIFFERENCE_MS = 2_000

/** As they are for the role and the database of DATABASE_URL, whoever set them, and at which level. */
export async function checkDurability(findings: Finding[], pool: pg.Pool): Promise<void> {
  const report = reporter(findings, 'Durability')
  const { rows } = await pool.query<{ name: string; source: string }>(
    `select name, source from pg_settings where name = any($1) and setting = 'off'`,
    [SETTINGS.map(({ name }) => name)],
  )
  for (const { name, lost } of SETTINGS) {
    const off = rows.find((row) => row.name === name)
    if (off === undefined) continue
    report('warn', `${name} is off (${off.source}): ${lost}`, `Set ${name} = on where it is set.`)
  }
  if (rows.length === 0) report('ok', 'commits are synced to disk before they are acknowledged')
}

/** A pooler gives each client a process id of its own making. */
export async function checkPooler(findings: Finding[], pool: pg.Pool): Promise<void> {
  const report = reporter(findings, 'Pooler')
  const client = await pool.connect()
  try {
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const isDirect = rows[0]?.pid === (client as unknown as { processID: number }).processID
    report('ok', isDirect ? 'none' : 'a pooler such as PgBouncer is in between; transaction mode is enough')
  } finally {
    client.release()
  }
}

export async function checkClock(findings: Finding[], pool: pg.Pool): Promise<void> {
  const report = reporter(findings, 'Clock')
  const before = Date.now()
  const { rows } = await pool.query<{ now: string }>(
    'select round(extract(epoch from clock_timestamp()) * 1000)::text as now',
  )
  const after = Date.now()
  const database = Number(rows[0]?.now)
  // Between the two it was asked.
  const ahead = database < before ? before - database : Math.min(0, after - database)
  if (Math.abs(ahead) <= MAX_CLOCK_DIFFERENCE_MS) report('ok', "agrees with the database's")
  else {
    const seconds = (Math.abs(ahead) / 1_000).toFixed(1)
    const says = `${seconds} s ${ahead > 0 ? 'ahead of' : 'behind'} the database's: times of receipt are wrong by that`
    report('warn', says, 'Synchronize the clock of this machine, or that of the database.')
  }
}
