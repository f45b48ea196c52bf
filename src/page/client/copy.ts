// Copying out of the list gives the lines as `heroku logs` prints them, whatever of the layout was selected. Within one
// row the browser's own copy applies: a selected word is copied as the word.
import { plainText } from '../reading/line.ts'
import type { Viewer } from './viewer.ts'

export function listenToCopying(scroller: HTMLElement, viewer: Viewer): void {
  scroller.addEventListener('copy', (event) => {
    const selection = getSelection()
    if (selection === null || selection.isCollapsed || event.clipboardData === null) return
    const rowAt = (node: Node | null) =>
      viewer.rowOf(node instanceof Element ? node : (node?.parentElement ?? null))
    const ends = [rowAt(selection.anchorNode), rowAt(selection.focusNode)]
    const [first, last] = ends
      .map((row) => (row === null ? -1 : viewer.rows.indexOf(row)))
      .sort((a, b) => a - b)
    if (first === undefined || last === undefined || first === -1 || first === last) return
    const lines = viewer.rows
      .slice(first, last + 1)
      .flatMap((row) => (row.kind === 'line' ? [row.line, ...row.more] : []))
    event.clipboardData.setData('text/plain', `${lines.map(plainText).join('\n')}\n`)
    event.preventDefault()
  })
}
