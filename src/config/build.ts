// What this build is: its version and, if known, its commit.
import { readFileSync } from 'node:fs'
import { readSettings } from './setting.ts'
import { platform } from './settings.ts'

export interface Build {
  readonly version: string
  readonly commit: string | null
}

/** The file in which `npm run build` records the commit, in the root of the compiled service. */
const COMMIT_FILE = new URL('../commit.txt', import.meta.url)
const PACKAGE_FILE = new URL('../../package.json', import.meta.url)

export function readBuild(environment: Record<string, string | undefined>): Build {
  return buildOf(readSettings(platform.build, environment).commit)
}

/** `commit` as the platform names it; without one, as the build recorded it. */
export function buildOf(commit: string | null): Build {
  const { version } = JSON.parse(readFileSync(PACKAGE_FILE, 'utf8')) as { version: string }
  return { version, commit: commit ?? recordedCommit() }
}

function recordedCommit(): string | null {
  try {
    return readFileSync(COMMIT_FILE, 'utf8').trim() || null
  } catch {
    return null // a checkout, or a build outside one
  }
}
