// Links between the pages lead somewhere: the file exists, and so does the heading in it.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { documents, ROOT, sources } from './documents.ts'

const pages = documents()
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')

describe('the links of', () => {
  it.each(pages)('%s lead to files and headings that exist', (page) => {
    expect(linksIn(read(page)).filter((link) => isBroken(page, link))).toEqual([])
  })
})

it('the README has at most 1,500 words and both commands in its first screen', () => {
  const readme = read('README.md')
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1_500)
  const firstScreen = readme.split('\n').slice(0, 25).join('\n')
  expect(firstScreen).toContain('npm ci && npm run demo')
  expect(firstScreen).toContain('npm ci && npm test')
})

it('every page in docs/ is reachable from the README', () => {
  const reached = new Set(['README.md'])
  for (const page of reached)
    for (const link of linksIn(read(page))) {
      const target = targetOf(page, link)
      if (pages.includes(target)) reached.add(target)
    }
  expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([])
})

it('comments name documents that exist', () => {
  const named = ['src', 'bench', 'scripts']
    .flatMap(sources)
    .flatMap((source) => [...source.matchAll(/\bdocs\/[\w/-]+\.md\b/g)].map(([path]) => path))
  expect(named.length).toBeGreaterThan(5)
  expect([...new Set(named)].filter((path) => !existsSync(join(ROOT, path)))).toEqual([])
})

it('a broken link is recognized', () => {
  for (const link of ['docs/nowhere.md', 'RUNBOOK.md#nowhere', '#nowhere'])
    expect(isBroken('README.md', link)).toBe(true)
  expect(isBroken('README.md', 'docs/operating.md#the-spool')).toBe(false)
})

/** Relative links and images; code is left out, since it may look like one. */
function linksIn(page: string): string[] {
  const prose = page.replace(/^```.*?^```/gms, '').replace(/`[^`\n]*`/g, '`')
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link as string)
    .filter((link) => !/^[a-z]+:/.test(link))
}

function targetOf(page: string, link: string): string {
  const [path = ''] = link.split('#')
  return path === '' ? page : normalize(join(dirname(page), path))
}

function isBroken(page: string, link: string): boolean {
  const target = targetOf(page, link)
  if (!existsSync(join(ROOT, target))) return true
  const anchor = link.split('#')[1]
  return anchor !== undefined && target.endsWith('.md') && !anchorsOf(target).includes(anchor)
}

/** As GitHub makes them: lower case, punctuation dropped, spaces to hyphens. */
function anchorsOf(page: string): string[] {
  return [...read(page).matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    (heading as string)
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
