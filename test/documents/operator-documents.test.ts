// What the documents for operators name is there: settings, metrics, packages.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listSettings } from '../../src/config/setting.ts'
import { settings } from '../../src/config/settings.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { documents, sources } from './documents.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const RUNBOOK = read('RUNBOOK.md')
const PACKAGES = read('docs/packages.md')
/** The documents that tell operators what to set. */
const PROSE = documents().filter((path) => /^(README|RUNBOOK|SECURITY)\.md$|^docs\//.test(path))
const SETTINGS = listSettings(settings).flatMap(({ setting }) => setting.variables)

const escapeRegExp = (text: string) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')

let service: TestService
beforeAll(async () => {
  service = await startTestService()
})
afterAll(() => service.close())

it('the runbook names metrics that exist', async () => {
  const metrics = await (await fetch(`${service.origin}/metrics`)).text()
  const named = new Set(RUNBOOK.match(/\b(?:culvert|nodejs|process)_[a-z0-9_]+/g))
  expect(named.size).toBeGreaterThan(10)
  const known = (name: string) =>
    metrics.includes(`# TYPE ${name} `) ||
    metrics.includes(`# TYPE ${name.replace(/_(?:count|sum|bucket)$/, '')} histogram`)
  expect([...named].filter((name) => !known(name))).toEqual([])
})

it('the runbook quotes log messages that the code has', () => {
  // As patterns: a template's values may be anything.
  const written = sources('src')
    .flatMap((source) => [...source.matchAll(/'([^'\n]+)'|`([^`]+)`/g)])
    .map(([, plain, template]) => plain ?? (template as string).replace(/\$\{[^}]*\}/g, '\0'))
  const isWritten = (message: string) =>
    written.some(
      (text) =>
        text.includes(message) ||
        (/[a-z]{4}.*\0|\0.*[a-z]{4}/.test(text) &&
          new RegExp(text.split('\0').map(escapeRegExp).join('.+')).test(message)),
    )
  // In backticks, three words or more, and no command.
  const quoted = [
    ...RUNBOOK.replace(/\s+/g, ' ').matchAll(/`((?!npx |heroku )[A-Za-z’]+(?: [A-Za-z’]+){2,})`/g),
  ]
  const messages = [...new Set(quoted.map(([, message]) => message as string))]
  expect(messages.length).toBeGreaterThan(8)
  expect(isWritten('a message that the code lacks')).toBe(false)
  expect(messages.filter((message) => !isWritten(message))).toEqual([])
})

it('the documents for operators and the Heroku button name settings that exist', () => {
  const inButton = Object.keys(JSON.parse(read('app.json')).env)
  const inProse = PROSE.flatMap((path) =>
    [...read(path).matchAll(/`\$?([A-Z]+_[A-Z_]+)(?:=[^`]*)?`/g)].map(([, name]) => name as string),
  )
  expect([...inButton, ...inProse].filter((name) => !SETTINGS.includes(name))).toEqual([])
})

it('docs/packages.md says why each package that ships is there', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json'))
  const explained = (name: string) =>
    PACKAGES.includes(`| ${name} |`) || PACKAGES.includes(`| ${name.split('/')[0]}/* |`)
  expect(
    [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter((name) => !explained(name)),
  ).toEqual([])
})
