// The keys. They work wherever the focus is, but not in a field, not in a dialog, and not with Ctrl, Alt or Cmd.
import type { Viewer } from './viewer.ts'

export interface Keys {
  viewer: Viewer
  focusSearch(): void
  openHelp(): void
}

/** Key -> what it does, in the order of the help. The help is made of this. */
export const KEYS: readonly (readonly [keys: string, text: string])[] = [
  ['/', 'Search'],
  ['j  k', 'Next, previous line'],
  ['Enter', 'Open the line: fields, JSON, explanations'],
  ['e  E', 'Next, previous error'],
  ['n  N', 'Next, previous hit of the search'],
  ['Space', 'Pause, follow'],
  ['End', 'Go to the newest line and follow'],
  ['c', 'The line’s context: everything around it'],
  ['Esc', 'Back from the context; close'],
  ['y', 'Copy a link to the line'],
  ['x', 'Exclude the line’s process'],
  ['?', 'This help'],
]

export function listenToKeys({ viewer, focusSearch, openHelp }: Keys): void {
  const withSelected = (act: (row: NonNullable<Viewer['selected']>) => void) => {
    if (viewer.selected === null) viewer.step(-1)
    if (viewer.selected !== null) act(viewer.selected)
  }
  const actions: Record<string, () => void> = {
    '/': focusSearch,
    j: () => viewer.step(1),
    k: () => viewer.step(-1),
    e: () => viewer.stepToBad(1),
    E: () => viewer.stepToBad(-1),
    n: () => viewer.stepToHit(1),
    N: () => viewer.stepToHit(-1),
    ' ': () => viewer.toggleFollow(),
    End: () => viewer.goLive(),
    c: () => withSelected((row) => viewer.context(row)),
    y: () => withSelected((row) => void viewer.copyLink(row)),
    x: () => withSelected((row) => viewer.excludeRow(row)),
    Enter: () => withSelected((row) => viewer.toggleOpen(row)),
    Escape: () => {
      if (viewer.selected?.isOpen === true) viewer.toggleOpen(viewer.selected)
      else viewer.back()
    },
    '?': openHelp,
  }
  document.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return
    const target = event.target as HTMLElement
    if (document.querySelector('dialog[open]') !== null) return
    if (target.closest('input, textarea, select') !== null) return
    // A button is pressed with these.
    if ((event.key === ' ' || event.key === 'Enter') && target.closest('button, a, summary') !== null) return
    const act = Object.hasOwn(actions, event.key) ? actions[event.key] : undefined
    if (act === undefined) return
    event.preventDefault()
    act()
  })
}
