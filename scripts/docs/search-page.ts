// docs/search.md is written by hand but for the table of the fields of a line.
import { readFileSync } from 'node:fs'
import { LINE_FIELDS } from '../../src/query/line-fields.ts'

const PAGE = new URL('../../docs/search.md', import.meta.url)
const TABLE = /(?<=<!-- line fields: [^\n]* -->\n).*?(?=<!-- end of line fields -->)/s

export function searchPage(): string {
  const rows = LINE_FIELDS.map(({ name, example, finds }) => `| \`${name}\` | \`${example}\` | ${finds} |`)
  const table = ['| field | for example | finds |', '|---|---|---|', ...rows].join('\n')
  return readFileSync(PAGE, 'utf8').replace(TABLE, () => `\n${table}\n\n`)
}
