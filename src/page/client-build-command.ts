// `npm run build` ends with this: the pages' script and style sheets, beside the compiled service.
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildClient } from './client-build.ts'

const directory = fileURLToPath(new URL('../../dist/page/client/', import.meta.url))
const styles = fileURLToPath(new URL('./style', import.meta.url))

rmSync(directory, { recursive: true, force: true })
mkdirSync(directory, { recursive: true })
const { files, entries } = buildClient()
for (const { name, contents } of files) writeFileSync(`${directory}${name}`, contents)
writeFileSync(`${directory}entries.json`, JSON.stringify(entries))
cpSync(styles, fileURLToPath(new URL('../../dist/page/style', import.meta.url)), { recursive: true })
