// Going to a time, as people say it. The search stays.
import { fullTime } from '../reading/times.ts'
import { openMenu } from './dialog.ts'
import { button, h } from './dom.ts'
import { readMoment } from './moment.ts'
import type { Viewer } from './viewer.ts'

const SUGGESTED = ['10 min ago', '1 hour ago', 'today 00:00', 'yesterday 17:30']
const SPANS: readonly (readonly [text: string, ms: number])[] = [
  ['Last 15 minutes', 900_000],
  ['Last hour', 3_600_000],
  ['Last 24 hours', 86_400_000],
]

export function openTimeMenu(at: HTMLElement, viewer: Viewer, say: (text: string) => void): void {
  const { zone } = viewer.preferences
  const input = h('input', {
    name: 'time',
    placeholder: '10 min ago, yesterday 17:30, 2026-11-21 10:15',
    'aria-label': 'Go to a time',
    autocomplete: 'off',
  })
  const understood = h('p', { 'aria-live': 'polite' }, 'Any time you can paste or say.')
  const form = h(
    'form',
    { class: 'seek-form' },
    input,
    h('button', { type: 'submit', class: 'primary' }, 'Go'),
  )
  input.addEventListener('input', () => {
    const moment = readMoment(input.value, Date.now(), zone)
    understood.textContent =
      moment === null
        ? 'Not a time yet.'
        : fullTime(new Date(moment).toISOString(), zone).replace(/\.\d+/, '')
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    const moment = readMoment(input.value, Date.now(), zone)
    if (moment === null) return say('That could not be read as a time')
    close()
    viewer.seek(moment)
  })
  const close = openMenu(at, [
    form,
    understood,
    h('hr', {}),
    ...SUGGESTED.map((text) =>
      button(`Go to ${text}`, () => viewer.seek(readMoment(text, Date.now(), zone) ?? Date.now())),
    ),
    h('hr', {}),
    ...SPANS.map(([text, ms]) => button(text, () => viewer.zoom(Date.now() - ms, Date.now()))),
    h('hr', {}),
    button('Live', () => viewer.goLive()),
  ])
}
