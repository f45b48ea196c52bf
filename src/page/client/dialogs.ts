// The buttons beside the search, and the dialogs behind them.

import { parse } from '../../query/parse.ts'
import { print } from '../../query/query.ts'
import { openAlerts } from './alerts-dialog.ts'
import { ApiError, get, send } from './api.ts'
import { openMenu } from './dialog.ts'
import { button, h, part } from './dom.ts'
import { openExclusions } from './exclusions-dialog.ts'
import { openExportMenu } from './export-menu.ts'
import { openFields } from './fields-dialog.ts'
import { openTimeMenu } from './time-menu.ts'
import { openTokens } from './tokens-dialog.ts'
import { openUsage } from './usage-dialog.ts'
import type { Viewer } from './viewer.ts'

export interface SavedSearch {
  id: string
  name: string
  q: string
}

/** What is saved, as far as is known: loaded with the page, and with every look at the menu. */
let saved: readonly SavedSearch[] = []

export function openDialogs(viewer: Viewer, say: (text: string) => void): () => void {
  const on = (id: string, act: (at: HTMLElement) => void) => {
    const element = part(id)
    element.addEventListener('click', (event) => {
      event.preventDefault()
      act(element)
    })
  }
  on('time', (at) => openTimeMenu(at, viewer, say))
  on('save', (at) => void openSaved(at, viewer, say))
  on('alerts', () => openAlerts(viewer))
  on('export', (at) => openExportMenu(at, viewer))
  on('more', (at) =>
    openMenu(at, [
      button('Fields and their values…', () => openFields(viewer)),
      button('Exclusion rules…', () => openExclusions(viewer)),
      button('API tokens…', () => openTokens()),
      button('Plan and usage…', () => openUsage()),
    ]),
  )
  on('usage', () => openUsage())
  void loadSaved().catch(() => {})
  const star = part('save')
  return () => {
    const { q } = viewer.state
    star.classList.toggle('is-saved', q !== '' && saved.some((one) => canonical(one.q) === canonical(q)))
  }
}

/** The star: saves the search, or renames or forgets it; and the list of those that are saved. */
async function openSaved(at: HTMLElement, viewer: Viewer, say: (text: string) => void): Promise<void> {
  try {
    await loadSaved()
  } catch (error) {
    return say((error as Error).message)
  }
  const searches = saved
  const { q } = viewer.state
  const same = searches.find((one) => canonical(one.q) === canonical(q))
  const name = h('input', {
    name: 'name',
    maxlength: '80',
    required: true,
    placeholder: 'Name for this search',
    'aria-label': 'Name',
    value: same?.name,
  })
  const form = h(
    'form',
    { class: 'seek-form' },
    name,
    h('button', { type: 'submit', class: 'primary' }, same === undefined ? 'Save' : 'Rename'),
  )
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const given = name.value.trim()
    void (same === undefined ? save(searches, given, q, say) : rename(same, given, say)).then(close)
  })
  const close = openMenu(at, [
    ...(q === ''
      ? [h('p', {}, 'Search for something first; then save it here.')]
      : same === undefined
        ? [form]
        : [
            h('p', {}, `Saved as “${same.name}”.`),
            form,
            button('Delete saved search', () => void deleteSearch(same, say), { class: 'danger' }),
          ]),
    ...(searches.length > 0 ? [h('hr', {})] : []),
    ...searches.map((one) => {
      const item = button(one.name, () => viewer.search(one.q))
      item.append(h('span', { class: 'aside' }, one.q))
      return item
    }),
  ])
}

async function loadSaved(): Promise<void> {
  saved = (await get<{ searches: SavedSearch[] }>('/searches')).searches
}

async function save(
  searches: readonly SavedSearch[],
  name: string,
  q: string,
  say: (text: string) => void,
): Promise<void> {
  const known = searches.find((one) => one.name === name)
  try {
    if (known === undefined) await send('POST', '/searches', { name, q })
    else await send('PUT', `/searches/${known.id}`, { name, q })
    await loadSaved()
    say(known === undefined ? `Saved as “${name}”` : `“${name}” is now this search`)
  } catch (error) {
    say(error instanceof ApiError ? error.message : 'It could not be saved')
  }
}

async function rename(search: SavedSearch, name: string, say: (text: string) => void): Promise<void> {
  try {
    await send('PUT', `/searches/${search.id}`, { name, q: search.q })
    await loadSaved()
    say(`“${search.name}” is now “${name}”`)
  } catch (error) {
    say((error as Error).message)
  }
}

async function deleteSearch(search: SavedSearch, say: (text: string) => void): Promise<void> {
  try {
    await send('DELETE', `/searches/${search.id}`)
    await loadSaved()
    say(`“${search.name}” is forgotten`)
  } catch (error) {
    say((error as Error).message)
  }
}

function canonical(q: string): string {
  return print(parse(q).query)
}
