// Deliveries that the database refused and that wait on the disk of this machine. Only looks.
import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import { type Finding, reporter } from './finding.ts'

/** Named by the microseconds since 1970 at which it was made. */
const REJECTED = /^(\d{16})-[0-9a-f]+\.rejected$/
const HOUR_MS = 3_600_000

export async function checkSpool(findings: Finding[], { spool }: Config, now: Date): Promise<void> {
  const report = reporter(findings, 'Spool')
  if (!spool.on) {
    report('skip', 'it is off: deliveries are held while the database is away, then answered 503')
    return
  }
  let entries: Dirent[]
  try {
    entries = await readdir(spool.directory, { recursive: true, withFileTypes: true })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') report('skip', `${spool.directory} is not on this machine, or not yet`)
    else report('FAIL', `${spool.directory} cannot be read: ${code}`, 'Let the user of the service own it.')
    return
  }
  const rejected = entries.flatMap((entry) => {
    const micros = REJECTED.exec(entry.name)?.[1]
    return micros === undefined
      ? []
      : [{ path: join(entry.parentPath, entry.name), at: Number(micros) / 1000 }]
  })
  if (rejected.length === 0) {
    report('ok', 'no delivery is set aside')
    return
  }
  // Stored meanwhile, a file is gone.
  const sizes = await Promise.all(
    rejected.map(({ path }) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  )
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  const hours = Math.floor(
    (now.getTime() - rejected.reduce((oldest, { at }) => Math.min(oldest, at), now.getTime())) / HOUR_MS,
  )
  report(
    'warn',
    `files set aside because the database refuses their data: ${rejected.length}, ${Math.ceil(bytes / 1000)} kB, the oldest for ${hours} h`,
    'RUNBOOK.md, "Deliveries are set aside".',
  )
}
