// Finds the tests that need no database, no process, no socket and no browser, by what they import from test/: they run
// without the set-up of the others (`npm run test:unit`). A new test is sorted by itself.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

const NEEDS_MORE =
  /\binject\(|\bspawn\(|\bexecFile|\bfork\(|\blisten\(|from 'pg'|\/database\/(?:pool|embedded-postgres)\.ts'/

/** @param root the folder of the tests @returns paths below it */
export function unitTests(root: string): string[] {
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  return files.filter((name) => name.endsWith('.test.ts') && !needsMore(join(root, name), root, new Set()))
}

function needsMore(file: string, root: string, seen: Set<string>): boolean {
  if (seen.has(file)) return false
  seen.add(file)
  const source = readFileSync(file, 'utf8')
  if (NEEDS_MORE.test(source)) return true
  return [...source.matchAll(/from '(\.[^']+\.ts)'/g)]
    .map(([, specifier]) => normalize(join(dirname(file), specifier as string)))
    .some((target) => target.startsWith(root) && needsMore(target, root, seen))
}
