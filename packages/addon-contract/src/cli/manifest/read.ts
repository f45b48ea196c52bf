// Reads a manifest from disk or standard input for a command.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CannotRun } from '../../addon.ts'
import { MISSPELT_FILE, parseManifest } from '../../manifest/view.ts'

const STDIN = 0

export class ManifestUnreadable extends CannotRun {
  override name = 'ManifestUnreadable'

  constructor(says: string, fix: string) {
    super(`${says}\n  -> ${fix}`)
  }
}

/**
 * @param path a file, or `-` for standard input
 * @throws ManifestUnreadable
 */
export function readManifest(path: string): { path: string; data: unknown } {
  let text: string
  try {
    text = readFileSync(path === '-' ? STDIN : path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT')
      throw new ManifestUnreadable(`${path} cannot be read: ${code}`, 'Check its permissions.')
    const misspelt = join(dirname(path), MISSPELT_FILE)
    throw new ManifestUnreadable(
      `there is no ${path} here`,
      existsSync(misspelt)
        ? `There is ${misspelt}, the old misspelling: rename it.`
        : 'Name yours with -f, or write a new one with manifest generate.',
    )
  }
  const manifest = parseManifest(text)
  if (manifest !== null) return { path, data: manifest.data }
  throw new ManifestUnreadable(
    `${path} is not JSON`,
    'Correct it, or pull it again: heroku addons:admin:manifest:pull <slug>',
  )
}
