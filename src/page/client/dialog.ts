// A modal dialog of the browser's own kind: it traps the focus, gives it back, and closes on Esc.
import { button, h } from './dom.ts'

export interface Dialog {
  body: HTMLElement
  close(): void
}

export function openDialog(title: string, content: readonly (Node | string)[], small = false): Dialog {
  const id = `dialog-${title.toLowerCase().replace(/\W+/g, '-')}`
  document.getElementById(id)?.remove()
  const body = h('div', { class: 'dialog-body' }, ...content)
  const dialog = h(
    'dialog',
    { id, class: small ? 'small' : null, 'aria-labelledby': `${id}-title` },
    h(
      'div',
      { class: 'dialog-head' },
      h('h2', { id: `${id}-title` }, title),
      button('Close', () => dialog.close()),
    ),
    body,
  )
  // Outside of it is closing it.
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  dialog.addEventListener('close', () => dialog.remove())
  document.body.append(dialog)
  dialog.showModal()
  return { body, close: () => dialog.close() }
}

/** A menu below a button. It closes when something in it is chosen, on Esc, and by a click elsewhere. */
export function openMenu(at: HTMLElement, content: readonly Node[]): () => void {
  const menu = h('div', { class: 'menu', popover: 'auto', 'aria-label': at.title }, ...content)
  const close = () => menu.hidePopover()
  menu.addEventListener('toggle', (event) => {
    if ((event as ToggleEvent).newState === 'closed') menu.remove()
  })
  menu.addEventListener('click', (event) => {
    if ((event.target as Element).closest('button:not([type=submit]), a') !== null) close()
  })
  document.body.append(menu)
  menu.showPopover()
  const { bottom, right } = at.getBoundingClientRect()
  const { width, height } = menu.getBoundingClientRect()
  menu.style.left = `${Math.max(8, Math.min(right - width, innerWidth - width - 8))}px`
  menu.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - height - 8))}px`
  menu.querySelector<HTMLElement>('input, button, a')?.focus()
  return close
}
