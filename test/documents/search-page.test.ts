// Every example of docs/search.md: the lines on the page, run through the matcher.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { LINE_FIELDS } from '../../src/query/line-fields.ts'
import { parse } from '../../src/query/parse.ts'
import { matches } from '../../src/query/query.ts'
import { searched } from '../../src/query/searched-line.ts'
import { ROOT } from './documents.ts'

const PAGE = readFileSync(join(ROOT, 'docs/search.md'), 'utf8')
const DRAINS: Record<string, number> = { shop: 1, 'shop-eu': 2 }
const APPS = new Map(Object.entries(DRAINS).map(([app, drain]) => [drain, app]))

const LINE = /^ *(\d+) (\d\d:\d\d:\d\d) (\S+) +(\w+)\[([\w.]+)\] +(.+)$/gm
const lines = new Map(
  [...PAGE.matchAll(LINE)].map(([, number, time, app, source, process, message]) => [
    Number(number),
    searched(
      {
        sentAt: `2026-11-21T${time}.000000Z`,
        drainId: DRAINS[app as string] as number,
        priority: source === 'heroku' ? 158 : 190,
        source: source as string,
        process: process as string,
        message: message as string,
      },
      APPS,
    ),
  ]),
)

const concepts = PAGE.split(/^## /m)
  .slice(1)
  .map((section) => ({
    title: section.slice(0, section.indexOf('\n')),
    examples: [...section.matchAll(/^\| `([^`]+)` \| ([\d, ]+|none) \|/gm)].map(([, query, found]) => ({
      query: query as string,
      found: found === 'none' ? [] : (found as string).split(', ').map(Number),
    })),
  }))

it('the page has sample lines, and two examples or more for each concept', () => {
  expect([...lines.keys()]).toEqual(Array.from({ length: 11 }, (_, index) => index + 1))
  const short = concepts.filter(({ examples }) => examples.length < 2).map(({ title }) => title)
  expect(short).toEqual(['How far a search looks'])
})

describe.each(concepts.filter(({ examples }) => examples.length > 0))('$title', ({ examples }) => {
  it.each(examples)('$query finds $found', ({ query, found }) => {
    const parsed = parse(query)
    expect(parsed.hints).toEqual([])
    const matching = [...lines].filter(([, line]) => matches(parsed.query, line)).map(([number]) => number)
    expect(matching).toEqual(found)
  })
})

it.each(LINE_FIELDS)('$example is a query by the field $name', ({ name, example }) => {
  expect(parse(example)).toMatchObject({ hints: [], query: { kind: 'field', folded: name } })
})
