// Warns where what is in the spool would not survive a restart of the machine. Only looks.
import { statfsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { type Finding, reporter } from './finding.ts'

/** Types of statfs(2) on Linux. */
const IN_MEMORY = new Map([
  [0x01021994, 'tmpfs'],
  [0x858458f6, 'ramfs'],
])
const OVER_NETWORK = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x00c36400, 'Ceph'],
])

export function checkSpoolPlace(
  findings: Finding[],
  { on, directory }: Config['spool'],
  typeOf: (directory: string) => number | null = fileSystemOf,
): void {
  const report = reporter(findings, 'Spool')
  if (!on) return
  const type = typeOf(resolve(directory)) ?? 0
  const fix = 'Set SPOOL_DIRECTORY to a directory on a disk of this machine.'
  const memory = IN_MEMORY.get(type)
  const network = OVER_NETWORK.get(type)
  if (memory !== undefined)
    report('warn', `${directory} is in memory (${memory}): a restart of the machine loses it`, fix)
  else if (network !== undefined)
    report(
      'warn',
      `${directory} is on a network file system (${network}): a process cannot tell whether another is alive there`,
      fix,
    )
}

/** Of the directory, or of the nearest one above that exists. */
function fileSystemOf(directory: string): number | null {
  if (process.platform !== 'linux') return null
  try {
    return statfsSync(directory).type
  } catch {
    const above = dirname(directory)
    return above === directory ? null : fileSystemOf(above)
  }
}
