// `npm run docs`: writes every document that is generated from the code. test/documents checks that they are up to date.
import { writeFileSync } from 'node:fs'
import { generatedDocuments } from './generated.ts'

for (const { path, render } of generatedDocuments) {
  writeFileSync(new URL(`../../${path}`, import.meta.url), await render())
  process.stdout.write(`${path}\n`)
}
