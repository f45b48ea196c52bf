// The command `manifest diff`: what a push would change.
import { parseArgs } from 'node:util'
import { type Difference, diffManifests, unwrapPushed } from '../../manifest/diff.ts'
import { asObject, type Json, type JsonObject, MANIFEST_FILE } from '../../manifest/view.ts'
import type { CommandContext } from '../command.ts'
import { ManifestUnreadable, readManifest } from './read.ts'

export async function diff(args: string[], { program, write, writeError }: CommandContext): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      file: { type: 'string', short: 'f', default: MANIFEST_FILE },
      pushed: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  })
  if (values.pushed === undefined) {
    writeError(`Name the pushed manifest with --pushed. How to get it: ${program} manifest --help\n`)
    return 2
  }
  let differences: Difference[]
  try {
    const pushed = unwrapPushed(readObject(values.pushed))
    differences = diffManifests(pushed, readObject(values.file))
  } catch (error) {
    if (!(error instanceof ManifestUnreadable)) throw error
    writeError(`${error.message}\n`)
    return 2
  }
  if (values.json) write(`${JSON.stringify({ differences }, null, 2)}\n`)
  else if (differences.length === 0) write('A push would change nothing.\n')
  else write(`A push would change:\n${differences.map(print).join('')}`)
  return differences.length === 0 ? 0 : 1
}

function readObject(path: string): JsonObject {
  const object = asObject(readManifest(path).data as Json)
  if (object === null)
    throw new ManifestUnreadable(`${path} is not a JSON object`, 'Run manifest validate for details.')
  return object
}

function print({ at, pushed, local, effect }: Difference): string {
  const change =
    pushed === 'differs' && local === 'differs'
      ? 'differs (not shown: it is or may be a secret)'
      : `${side(pushed)} -> ${side(local)}`
  return `\n  ${at}: ${change}\n${effect === undefined ? '' : `    ${effect}\n`}`
}

function side(value: string | null): string {
  if (value === null) return 'nothing'
  return value === 'differs' ? '(not shown)' : value
}
