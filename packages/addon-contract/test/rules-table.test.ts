import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { AREAS } from '../src/areas.ts'
import { rulesTable } from '../src/rules-table.ts'

const rules = AREAS.flatMap((area) => area.rules)

it('docs/rules.md is up to date: npx culvert test rules > packages/addon-contract/docs/rules.md', () => {
  const page = readFileSync(new URL('../docs/rules.md', import.meta.url), 'utf8')
  expect(page).toBe(rulesTable(AREAS))
})

it('README and package.json give the number of rules', () => {
  for (const name of ['README.md', 'package.json'])
    expect(readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')).toContain(`${rules.length} rules`)
})

it('rule numbers are unique, and names within an area', () => {
  expect(new Set(rules.map(({ number }) => number)).size).toBe(rules.length)
  for (const area of AREAS) expect(new Set(area.rules.map(({ name }) => name)).size).toBe(area.rules.length)
})

it('the texts of each rule are sentences, and its source has an address', () => {
  for (const { number, name, demands, otherwise, source, when } of rules) {
    expect(number).toMatch(/^[A-Z]\d\d$/)
    expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
    expect(demands, number).toMatch(/^[A-Z`].*\.$/)
    // Some begin with a lower-case name: kensa, id.heroku.com.
    expect(otherwise, number).toMatch(/^[\w`].*\.$/)
    expect(new URL(source.url).protocol).toBe('https:')
    expect(when ?? 'said nothing', number).toMatch(/^[a-z`].*[^.]$/)
  }
})
