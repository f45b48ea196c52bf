// Reads a manifest from disk for a command, and says in a sentence what stands in the way.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CannotRun } from '../../addon.ts'
import { MISSPELT_FILE, parseManifest } from '../../manifest/view.ts'

const STDIN = 0

export class ManifestUnreadable extends CannotRun {
  override name = 'ManifestUnreadable'
  readonly says: string
  readonly fix: string
  /** There is no such file. */
  readonly isMissing: boolean

  constructor(says: string, fix: string, isMissing = false) {
    super(`${says}\n  -> ${fix}`)
    this.says = says
    this.fix = fix
    this.isMissing = isMissing
  }
}

/**
 * @param path `-`: what is piped in
 * @throws ManifestUnreadable
 */
export function readManifest(path: string): { path: string; data: unknown } {
  let text: string
  try {
    text = readFileSync(path === '-' ? STDIN : path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new ManifestUnreadable(`${path} cannot be read: ${code}`, 'Look at its rights.')
    const misspelt = join(dirname(path), MISSPELT_FILE)
    throw new ManifestUnreadable(
      `there is no ${path} here`,
      existsSync(misspelt)
        ? `There is ${misspelt}, the old misspelling: rename it.`
        : 'Name yours with -f, or write a new one: culvert manifest generate',
      true,
    )
  }
  const manifest = parseManifest(text)
  if (manifest !== null) return { path, data: manifest.data }
  throw new ManifestUnreadable(
    `${path} is not JSON`,
    'Correct it, or pull it again: heroku addons:admin:manifest:pull <slug>',
  )
}
