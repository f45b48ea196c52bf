import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { ROOT } from './documents.ts'

const DIRECTORY = join(ROOT, 'docs/decisions')
const LONGEST_LINES = 50
const PARTS = ['Context', 'Decision', 'Figures', 'Consequences', 'Rejected']

const names = readdirSync(DIRECTORY)
  .filter((name) => name !== 'README.md')
  .sort()
const read = (name: string) => readFileSync(join(DIRECTORY, name), 'utf8')

it('decisions are numbered without gaps', () => {
  expect(names.map((name) => name.slice(0, 5))).toEqual(
    names.map((_, index) => `${String(index + 1).padStart(4, '0')}-`),
  )
})

it.each(names)('%s has its parts in order and fits on a screen', (name) => {
  const page = read(name)
  const parts = [...page.matchAll(/^## (.+)$/gm)].map(([, part]) => part as string)
  expect(parts.filter((part) => part !== 'Figures')).toEqual(PARTS.filter((part) => part !== 'Figures'))
  expect(parts).toEqual(PARTS.filter((part) => parts.includes(part)))
  expect(page.split('\n').length).toBeLessThanOrEqual(LONGEST_LINES)
})

it('the index lists every decision under its title', () => {
  const listed = [...read('README.md').matchAll(/^\| \[(\d{4})\]\((.+?)\) \| (.+) \|$/gm)]
  expect(listed.map(([, number, name, title]) => [name, `# ${number} ${title}`])).toEqual(
    names.map((name) => [name, read(name).split('\n', 1)[0]]),
  )
})
