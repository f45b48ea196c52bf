// What the documents for operators name is there: settings, metrics, packages.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestService, type TestService } from '../support/service.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

const RUNBOOK = read('RUNBOOK.md')
const README = read('README.md')
/** The names in the schema of config.ts. */
const SETTINGS = [
  ...read('src/config.ts').matchAll(/^ {2}([A-Z][A-Z0-9_]+): z$|^ {2}([A-Z][A-Z0-9_]+): \w/gm),
].map(([, split, whole]) => (split ?? whole) as string)

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

it('the runbook, the Heroku button and the README name settings that exist', () => {
  expect(SETTINGS).toContain('METRICS_TOKEN')
  const inRunbook = [...RUNBOOK.matchAll(/`\$?([A-Z]+_[A-Z_]+)(?:=\w+)?`/g)].map(([, name]) => name as string)
  const inButton = Object.keys(JSON.parse(read('app.json')).env)
  const settings = README.slice(README.indexOf('## Run it'), README.indexOf('### Plans'))
  const inReadme = [...settings.matchAll(/^\| (`[A-Z].*?) \|/gm)].flatMap(
    ([, cell]) => cell?.match(/[A-Z][A-Z0-9_]+/g) ?? [],
  )
  for (const named of [inRunbook, inButton, inReadme])
    expect(named.filter((name) => !SETTINGS.includes(name))).toEqual([])
  // DYNO is Heroku's own.
  expect(SETTINGS.filter((name) => name !== 'DYNO' && !inReadme.includes(name))).toEqual([])
})

it('the README says of each package that ships why it is there', () => {
  const { dependencies, optionalDependencies } = JSON.parse(read('package.json'))
  const explained = (name: string) =>
    README.includes(`| ${name} |`) || README.includes(`| ${name.split('/')[0]}/* |`)
  expect(
    [...Object.keys(dependencies), ...Object.keys(optionalDependencies)].filter((name) => !explained(name)),
  ).toEqual([])
})
