import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { runCli } from '../../src/cli/run.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))

async function printed(environment: Record<string, string>): Promise<string> {
  let output = ''
  const write = (text: string) => {
    output += text
  }
  expect(await runCli(['--version'], { environment, isTerminal: false, write, writeError: write })).toBe(0)
  return output
}

it('culvert --version prints the version and the commit that the platform names', async () => {
  expect(await printed({})).toMatch(new RegExp(`^culvert ${version}( \\([0-9a-f]{40}\\))?\n$`))
  expect(await printed({ SOURCE_VERSION: 'c0ffee' })).toBe(`culvert ${version} (c0ffee)\n`)
  expect(await printed({ HEROKU_SLUG_COMMIT: 'bad', SOURCE_VERSION: 'c0ffee' })).toBe(
    `culvert ${version} (bad)\n`,
  )
})

it('culvert --version works although a setting is wrong', async () => {
  expect(await printed({ PORT: 'http' })).toMatch(/^culvert \d/)
})
