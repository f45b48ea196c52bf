// What the documents for operators name is there: settings, metrics, packages.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { listSettings } from '../../src/config/setting.ts'
import { settings } from '../../src/config/settings.ts'
import { startTestService, type TestService } from '../support/service.ts'
import { documents } from './documents.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const RUNBOOK = read('RUNBOOK.md')
const PACKAGES = read('docs/packages.md')
/** The documents that tell operators what to set. */
const PROSE = documents().filter((path) => /^(README|RUNBOOK|SECURITY)\.md$|^docs\//.test(path))
const SETTINGS = listSettings(settings).flatMap(({ setting }) => setting.variables)

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
