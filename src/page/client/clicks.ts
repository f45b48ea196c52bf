// What a click in the list means. On a token: only lines with it, or with Alt without it. On a button: what it says.
// Anywhere else on a row: open it. Never when the mouse has selected text.
import type { Row } from './rows.ts'
import type { Viewer } from './viewer.ts'

export function listenToClicks(scroller: HTMLElement, viewer: Viewer): void {
  scroller.addEventListener('click', (event) => {
    const target = event.target as Element
    if (target.closest('a') !== null) return
    const row = viewer.rowOf(target)
    const act = target.closest<HTMLElement>('[data-act]')?.dataset.act
    if (act !== undefined && row !== null) return doAct(viewer, act, row)
    const token = target.closest<HTMLElement>('[data-term], [data-exclude]')
    const { term, exclude } = token?.dataset ?? {}
    if (exclude !== undefined) return viewer.narrow(exclude, true)
    if (term !== undefined && !hasSelection()) return viewer.narrow(term, event.altKey)
    if (row?.kind === 'line' && !hasSelection() && target.closest('.detail') === null) viewer.toggleOpen(row)
  })
  // Alt-click would download in some browsers.
  scroller.addEventListener('mousedown', (event) => {
    if (event.altKey && (event.target as Element).closest('[data-term]') !== null) event.preventDefault()
  })
  document.addEventListener('selectionchange', () => {
    const selection = getSelection()
    if (hasSelection() && scroller.contains(selection?.anchorNode ?? null)) viewer.list.hold()
  })
}

export function doAct(viewer: Viewer, act: string, row: Row): void {
  if (row.kind === 'note') {
    if (act === 'load-skipped') void viewer.loadSkipped(row)
    return
  }
  if (act === 'unfold') viewer.toggleUnfolded(row)
  else if (act === 'context') viewer.context(row)
  else if (act === 'link') void viewer.copyLink(row)
  else if (act === 'copy') void viewer.copyText(row)
  else if (act === 'exclude') viewer.excludeRow(row)
}

function hasSelection(): boolean {
  const selection = getSelection()
  return selection !== null && !selection.isCollapsed && selection.toString().trim() !== ''
}
