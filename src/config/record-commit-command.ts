// `npm run build` ends with this: records the commit in dist/commit.txt, for deployments that do not name it at run time.
// SOURCE_VERSION is Heroku's name for it during a build, and the Dockerfile's argument.
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

function currentCommit(): string {
  const given = process.env.SOURCE_VERSION
  if (given) return given
  try {
    const root = fileURLToPath(new URL('../..', import.meta.url))
    return execFileSync('git', ['rev-parse', 'HEAD'], { cwd: root, encoding: 'utf8', stdio: 'pipe' }).trim()
  } catch {
    return '' // no Git, or no checkout
  }
}

writeFileSync(new URL('../../dist/commit.txt', import.meta.url), currentCommit())
