import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { generatedDocuments } from '../../scripts/docs/generated.ts'

it.each(generatedDocuments)('$path is up to date; `npm run docs` writes it', async ({ path, render }) => {
  expect(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')).toBe(await render())
})
