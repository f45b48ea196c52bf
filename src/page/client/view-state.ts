// What the address of the page says: the search, the time, the line. The address is the state: opening it shows
// the same. Pure.

export type Scope = 'all' | 'app' | 'process'

export interface ViewState {
  q: string
  /** RFC 3339; the lines of a span of time, which ends the live tail. */
  from: string | null
  to: string | null
  /** RFC 3339; start reading here, in both directions. */
  at: string | null
  /** The cursor of one line, shown among its neighbours. */
  line: string | null
  /** Which neighbours. */
  scope: Scope
}

export const LIVE: ViewState = { q: '', from: null, to: null, at: null, line: null, scope: 'all' }

export type Mode = 'live' | 'span' | 'seek' | 'context'

export function modeOf(state: ViewState): Mode {
  if (state.line !== null) return 'context'
  if (state.at !== null) return 'seek'
  return state.from !== null || state.to !== null ? 'span' : 'live'
}

/** As in the address, with or without `?`. What cannot be is left out: an address is never an error here. */
export function readState(search: string): ViewState {
  const given = new URLSearchParams(search)
  const scope = given.get('scope')
  return {
    q: (given.get('q') ?? '').trim(),
    from: readTime(given.get('from')),
    to: readTime(given.get('to')),
    at: readTime(given.get('at')),
    line: given.get('line') || null,
    scope: scope === 'app' || scope === 'process' ? scope : 'all',
  }
}

/** `?q=…`, or '' for everything live. */
export function writeState(state: ViewState): string {
  const parameters = new URLSearchParams()
  if (state.q !== '') parameters.set('q', state.q)
  if (state.from !== null) parameters.set('from', state.from)
  if (state.to !== null) parameters.set('to', state.to)
  if (state.at !== null) parameters.set('at', state.at)
  if (state.line !== null) parameters.set('line', state.line)
  if (state.line !== null && state.scope !== 'all') parameters.set('scope', state.scope)
  const text = parameters.toString()
  return text === '' ? '' : `?${text}`
}

function readTime(text: string | null): string | null {
  if (text === null) return null
  const at = Date.parse(text)
  return /^\d{4}-\d\d-\d\dT/.test(text) && Number.isFinite(at) ? text : null
}
