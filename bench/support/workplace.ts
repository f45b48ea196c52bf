// A directory of the run's own: the service built into it, the data of its Postgres, gone afterwards.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statfsSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { removeWhenGone } from './guard.ts'
import type { Scope } from './scope.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** statfs(2). Data in memory would not be durable, and quicker than any disk. */
const TMPFS = 0x01021994
/** What the service reads that is no TypeScript; from the checkout. */
const BESIDE = [
  'node_modules',
  'migrations',
  'addon-manifest.json',
  'package.json',
  'src/page/style',
  'src/page/client',
]
/** One plan, so that the lines share one partition of a day, with a quota that nothing here reaches. */
export const PLAN = { slug: 'bench', dailyBytes: 1e15, retentionDays: 7 }

export interface Workplace {
  directory: string
  plansFile: string
  /** Where the processes under test leave their CPU profiles, if they are wanted. */
  profileDirectory: string | undefined
  /** The compiled form of a file of this repository: no TypeScript loader is measured. */
  compiled(source: string): string
}

export function openWorkplace(
  scope: Scope,
  wanted: { directory: string | undefined; profileDirectory: string | undefined },
): Workplace {
  const parent = wanted.directory ?? roomiest([tmpdir(), '/var/tmp'])
  const directory = scope.add(mkdtempSync(join(parent, 'culvert-bench-')), remove)
  removeWhenGone(directory)
  // When we are root the server runs as another account, which has to get through here to its own directory.
  chmodSync(directory, 0o711)
  const plansFile = join(directory, 'plans.json')
  writeFileSync(plansFile, JSON.stringify([PLAN]))
  build(directory)
  return {
    directory,
    plansFile,
    profileDirectory: wanted.profileDirectory,
    compiled: (source) => join(directory, 'build', source.replace(/\.ts$/, '.js')),
  }
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}

/** Beside the built files stands what the service looks for beside its own. */
function build(directory: string): void {
  const out = join(directory, 'build')
  mkdirSync(out)
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  // Whether the types are right is for `npm run types` to say.
  const command = ['-p', 'bench/tsconfig.build.json', '--noCheck', '--outDir', out]
  const { status, stdout } = spawnSync(tsc, command, { cwd: ROOT, encoding: 'utf8' })
  if (status !== 0) throw new Error(`the service could not be built:\n${stdout}`)
  for (const name of BESIDE) {
    symlinkSync(join(ROOT, name), join(out, name))
  }
}

function roomiest(directories: readonly string[]): string {
  const usable = directories.filter(
    (directory) =>
      statSync(directory, { throwIfNoEntry: false })?.isDirectory() && statfsSync(directory).type !== TMPFS,
  )
  const [best] = usable.sort((a, b) => freeBytes(b) - freeBytes(a))
  if (best === undefined) {
    throw new Error(`${directories.join(' and ')} are held in memory: name another with --directory.`)
  }
  return best
}

function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}
