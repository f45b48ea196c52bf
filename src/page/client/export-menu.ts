// Taking lines along: what is on screen, or everything that the search finds, streamed by the service as a file. And the
// commands that do the same from a terminal.
import { plainText } from '../reading/line.ts'
import { count } from '../reading/units.ts'
import { address } from './api.ts'
import { openMenu } from './dialog.ts'
import { button, h } from './dom.ts'
import type { Viewer } from './viewer.ts'

export function openExportMenu(at: HTMLElement, viewer: Viewer): void {
  const { q, from, to } = viewer.state
  const link = (text: string, format: string, gzip: boolean) =>
    h('a', { href: address('/export', { q, from, to, format, gzip: String(gzip) }), download: '' }, text)
  openMenu(at, [
    h('p', {}, q === '' ? 'All lines that are kept' : `Everything that ${q} finds`),
    link('Text', 'text', false),
    link('Text, compressed', 'text', true),
    link('NDJSON', 'ndjson', false),
    link('NDJSON, compressed', 'ndjson', true),
    h('hr', {}),
    h('p', {}, 'What is on this page'),
    button(`Text of ${count(viewer.current?.rows.lineCount ?? 0, 'line')}`, () => saveLoaded(viewer)),
    h('hr', {}),
    h('p', {}, 'In a terminal, with an API token:'),
    h('p', {}, h('code', {}, `culvert logs --tail ${shellQuoted(q)}`)),
  ])
}

function saveLoaded(viewer: Viewer): void {
  const lines = viewer.rows.flatMap((row) => (row.kind === 'line' ? [row.line, ...row.more] : []))
  const url = URL.createObjectURL(
    new Blob([lines.map((line) => `${plainText(line)}\n`).join('')], { type: 'text/plain' }),
  )
  const link = h('a', { href: url, download: 'lines.txt' })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
