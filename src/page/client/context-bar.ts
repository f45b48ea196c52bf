// In a line's neighbourhood: which line, which neighbours, and the way back.
import { timeOfDay } from '../reading/times.ts'
import { button, h, part } from './dom.ts'
import type { Scope } from './view-state.ts'
import type { Viewer } from './viewer.ts'

const SCOPES: readonly (readonly [scope: Scope, text: string])[] = [
  ['all', 'Everything'],
  ['app', 'This app'],
  ['process', 'This process'],
]

export function openContextBar(viewer: Viewer): () => void {
  const bar = part('context-bar')
  let shown = ''
  return () => {
    const stage = viewer.current
    const isContext = stage?.mode === 'context'
    bar.hidden = !isContext
    if (!isContext) return
    const { target } = stage
    const about = stage.isLineGone
      ? 'That line is no longer kept. These were its neighbours in time.'
      : target === null
        ? 'In context'
        : `In context: ${timeOfDay(target.sent_at, viewer.preferences.zone)} ${target.process ?? ''}`
    const key = `${about} ${stage.state.scope} ${stage.state.q}`
    if (shown === key) return
    shown = key
    bar.replaceChildren(
      h('strong', {}, about),
      h(
        'span',
        { class: 'scopes', role: 'group', 'aria-label': 'Which neighbours' },
        ...SCOPES.map(([scope, text]) =>
          button(text, () => viewer.context(null, scope), {
            'aria-pressed': String(scope === stage.state.scope),
          }),
        ),
      ),
      h(
        'button',
        { type: 'button', class: 'leave', onclick: () => viewer.back() },
        stage.state.q === '' ? 'Back to the live lines ' : `Back to “${stage.state.q}” `,
        h('kbd', {}, 'Esc'),
      ),
    )
  }
}
