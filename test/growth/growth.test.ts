// What strangers write is read in linear time: every function that reads it, with every text that makes a careless reader
// slow. A quadratic one has an exponent of 2.
import { afterAll, describe, expect, it } from 'vitest'
import { ANY_TEXT } from './families.ts'
import { growthOf } from './growth.ts'
import { attempt, ELSEWHERE, READERS } from './readers.ts'
import { modules } from './reading-modules.ts'

const LONGEST = 65_536
const LIMIT = 1.7
/** Below it, a measurement is not done again. */
const ENOUGH = 1.3
const TIMEOUT_MS = 300_000

let largest = { growth: 0, of: 'nothing' }
afterAll(() => console.info(`largest growth: ${largest.growth.toFixed(2)}, of ${largest.of}`))

const readers = Object.entries(READERS).flatMap(([module, functions]) =>
  Object.entries(functions).flatMap(([name, reader]) =>
    typeof reader === 'string' ? [] : [{ name: `${module} ${name}`, reader }],
  ),
)

it.each(readers)('$name takes time linear in the text', { timeout: TIMEOUT_MS }, ({ name, reader }) => {
  const steep: Record<string, number> = {}
  const families = reader.only ?? { ...ANY_TEXT, ...reader.families }
  for (const [what, family] of Object.entries(families)) {
    const run = (text: string) => attempt(() => reader.run(text))
    const growth = growthOf(run, family, reader.longest ?? LONGEST, ENOUGH)
    if (growth > LIMIT) steep[what] = growth
    if (growth > largest.growth) largest = { growth, of: `${name} with ${what}` }
  }
  expect(steep).toEqual({})
})

describe('the list of readers', () => {
  const all = modules()

  it('has every function of the modules in it, and none that is gone', () => {
    for (const [module, functions] of Object.entries(READERS)) {
      const exports = all.find(({ name }) => name === module)?.exports ?? []
      expect(Object.keys(functions).sort(), module).toEqual(exports.toSorted())
    }
  })

  it('has every module of the service that looks through texts, or says who reads them', () => {
    const isElsewhere = (name: string) =>
      Object.keys(ELSEWHERE).some((one) => (one.endsWith('/') ? name.startsWith(one) : name === one))
    const unknown = all.filter(
      ({ name, readsTexts }) =>
        readsTexts &&
        !name.startsWith('addon-contract/') &&
        READERS[name] === undefined &&
        !isElsewhere(name),
    )
    expect(unknown.map(({ name }) => name)).toEqual([])
  })
})
