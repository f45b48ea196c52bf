// The strip below the search: live or not, how fresh, how many; the switches of how lines look; what the list has to say
// at its edges; and the bar that counts new lines while the list is held.
import { ageInWords, fullTime, offsetName } from '../reading/times.ts'
import { count, whole } from '../reading/units.ts'
import { button, h, part } from './dom.ts'
import { applyTheme, keepPreferences, type Preferences } from './preferences.ts'
import { MAX_LINES } from './rows.ts'
import type { Stage } from './stage.ts'
import type { Viewer } from './viewer.ts'

const AGE_EVERY_MS = 1_000

export function openStatusBar(viewer: Viewer, { openHelp }: { openHelp: () => void }): () => void {
  const follow = part<HTMLButtonElement>('follow')
  const followText = part('follow-text')
  const pulse = part('pulse')
  const where = part('where')
  const paused = part<HTMLButtonElement>('paused')
  const edge = part('edge-top')
  const empty = part('empty')
  const list = viewer.list.scroller
  const { preferences } = viewer

  follow.addEventListener('click', () => viewer.toggleFollow())
  paused.addEventListener('click', () => {
    viewer.goLive()
    list.focus({ preventScroll: true })
  })
  listenToSwitches(viewer, openHelp)
  setInterval(() => {
    pulse.textContent = pulseText(viewer.current)
  }, AGE_EVERY_MS)

  return () => {
    const { current, pending } = viewer
    const stage = current ?? pending
    const state = stateOf(viewer)
    follow.dataset.state = state
    follow.setAttribute('aria-pressed', String(state === 'live'))
    setText(followText, FOLLOW_TEXT[state])
    follow.title = state === 'live' ? 'Pause (Space)' : 'Follow the newest lines (Space, End)'
    setText(pulse, pulseText(current))
    setText(where, current === null ? '' : whereText(viewer, current))
    list.setAttribute('aria-busy', String(pending !== null || current?.isLoadingOlder === true))
    paused.hidden = state !== 'paused'
    setText(
      paused,
      viewer.missed > 0
        ? `Paused · ${count(viewer.missed, 'new line')} ↓`
        : 'Paused · follow the newest lines ↓',
    )
    list.classList.toggle('no-wrap', !preferences.wraps)
    showSwitches(preferences)
    showEdge(edge, viewer)
    showEmpty(empty, viewer, stage)
  }
}

type State = 'live' | 'paused' | 'waiting' | 'past' | 'ended' | 'loading'

const FOLLOW_TEXT: Record<State, string> = {
  live: 'Live',
  paused: 'Paused',
  waiting: 'Reconnecting',
  past: 'Go live',
  ended: 'Ended',
  loading: 'Loading',
}

function stateOf(viewer: Viewer): State {
  if (viewer.isSessionOver) return 'ended'
  const { current } = viewer
  // The first paint stands, and its tail could not be opened yet.
  if (current === null) return viewer.pending?.tailStatus?.connection === 'waiting' ? 'waiting' : 'loading'
  if (current.mode !== 'live') return 'past'
  if (!viewer.list.follows) return 'paused'
  const connection = current.tailStatus?.connection
  return connection === 'waiting' || connection === 'connecting' ? 'waiting' : 'live'
}

function pulseText(stage: Stage | null): string {
  const status = stage?.tailStatus
  if (status === null || status === undefined) return ''
  const { lastReceivedAt, linesPerSecond } = status
  if (lastReceivedAt === null) return 'no line yet'
  const rate = linesPerSecond >= 10 ? whole(linesPerSecond) : linesPerSecond.toFixed(1)
  return `last line ${ageInWords(Date.now() - lastReceivedAt)} ago · ${rate} lines/s`
}

function whereText(viewer: Viewer, stage: Stage): string {
  const { zone } = viewer.preferences
  const held = `${count(stage.rows.lineCount, 'line')} here`
  const { from, to, at } = stage.state
  const shortly = (time: string) => fullTime(time, zone).slice(0, 19)
  if (stage.mode === 'span')
    return `${from === null ? 'start' : shortly(from)} to ${to === null ? 'now' : shortly(to)} · ${held}`
  if (stage.mode === 'seek' && at !== null) return `around ${shortly(at)} · ${held}`
  return held
}

function listenToSwitches(viewer: Viewer, openHelp: () => void): void {
  const { preferences } = viewer
  const on = (id: string, act: () => void) => part(id).addEventListener('click', act)
  on('wrap', () => {
    preferences.wraps = !preferences.wraps
    viewer.redraw()
  })
  on('raw', () => {
    preferences.isRaw = !preferences.isRaw
    viewer.redraw()
  })
  on('bars', () => {
    preferences.showsHistogram = !preferences.showsHistogram
    viewer.redraw()
  })
  on('zone', () => {
    preferences.zone = preferences.zone === 'utc' ? 'local' : 'utc'
    viewer.redraw()
  })
  on('theme', () => {
    const next = { system: 'dark', dark: 'light', light: 'system' } as const
    preferences.theme = next[preferences.theme]
    applyTheme(preferences.theme)
    keepPreferences(preferences)
    showSwitches(preferences)
  })
  on('help', openHelp)
}

function showSwitches(preferences: Preferences): void {
  const pressed = (id: string, is: boolean) => part(id).setAttribute('aria-pressed', String(is))
  pressed('wrap', preferences.wraps)
  pressed('raw', preferences.isRaw)
  pressed('bars', preferences.showsHistogram)
  setText(part('zone'), preferences.zone === 'utc' ? 'UTC' : `UTC${offsetName(new Date())}`)
  setText(part('theme'), { system: 'Auto', dark: 'Dark', light: 'Light' }[preferences.theme])
}

/** What goes on at the old end: a search under way, a failure. */
function showEdge(edge: HTMLElement, viewer: Viewer): void {
  const stage = viewer.current ?? viewer.pending
  let content: Node[] = []
  if (viewer.isSessionOver) {
    content = [
      h('span', {}, 'Your session is over. Open the add-on again from Heroku.'),
      button('Sign in again', () => location.reload()),
    ]
  } else if (stage !== null && stage.problem !== null) {
    content = [h('span', {}, stage.problem), button('Try again', () => stage.retry())]
  } else if (stage?.rows.isFull === true && stage.older !== null && viewer.list.isNearTop()) {
    content = [
      h('span', {}, `${whole(MAX_LINES)} lines are as many as a page holds. Go to a time to read on.`),
    ]
  } else if (stage?.isLoadingOlder === true && stage.q !== '') {
    const back =
      stage.searchedTo === null
        ? ''
        : ` · back to ${fullTime(stage.searchedTo, viewer.preferences.zone).slice(0, 19)}`
    content = [h('span', {}, `Searching older lines${back}`), button('Stop', () => stage.stopSearching())]
  }
  const text = content.map((node) => node.textContent).join()
  edge.hidden = content.length === 0
  if (edge.dataset.text === text) return
  edge.dataset.text = text
  edge.replaceChildren(...content)
}

function showEmpty(empty: HTMLElement, viewer: Viewer, stage: Stage | null): void {
  // The server's own first paint, with its own words, until there is something else to say.
  if (viewer.current === null || stage === null) return
  const isEmpty = stage.rows.rows.length === 0
  empty.hidden = !isEmpty
  if (!isEmpty) return
  const [title, text] = emptyText(stage)
  if (empty.dataset.title === title) return
  empty.dataset.title = title
  empty.replaceChildren(h('h2', {}, title), h('p', {}, text))
}

function emptyText(stage: Stage): [title: string, text: string] {
  if (stage.isLoadingOlder) return ['Searching', 'Lines show up here as they are found, the newest first.']
  if (stage.state.q !== '') {
    return stage.mode === 'live'
      ? ['No line that is kept matches', 'New lines that do show up here by themselves.']
      : ['No line matches', 'Try another time, or fewer words.']
  }
  if (stage.mode === 'live') {
    return [
      'Waiting for the first lines',
      'The drain is set up; Heroku starts sending a minute or so after the add-on was added. Whatever your app prints, and every request that it answers, shows up here by itself.',
    ]
  }
  return ['Nothing here', 'No line of that time is kept.']
}

function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text
}
