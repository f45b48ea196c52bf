// Exclusion rules: lines that are dropped as they come in, before they count, and what each rule has saved.
import { bytes, count } from '../reading/units.ts'
import { get, send } from './api.ts'
import { openDialog } from './dialog.ts'
import { button, h } from './dom.ts'
import { field, fill, formOf } from './form.ts'
import type { Viewer } from './viewer.ts'

interface Saved {
  lines: number
  bytes: number
}
interface Exclusion {
  id: string
  name: string
  q: string
  on: boolean
  saved: { today: Saved; days30: Saved }
}

export function openExclusions(viewer: Viewer): void {
  const { body } = openDialog('Exclusion rules', ['Loading…'])
  const show = (): Promise<void> =>
    fill(body, async () => {
      const { exclusions } = await get<{ exclusions: Exclusion[] }>('/exclusions')
      return [
        h(
          'p',
          {},
          'Lines that a rule finds are dropped as they come in: they are not kept, not searched, and do not count against your daily volume. Lines that are kept already stay.',
        ),
        h('ul', { class: 'entries' }, ...exclusions.map((rule) => entry(rule, show))),
        formOf(
          [
            h(
              'div',
              { class: 'form-row' },
              field('Name', 'name', { required: true }),
              field('Lines to drop', 'q', {
                required: true,
                value: viewer.state.q,
                placeholder: 'process:router path:/healthz',
                look: 'wide-field',
              }),
            ),
          ],
          'Add the rule',
          async ({ name = '', q = '' }) => {
            await send('POST', '/exclusions', { name, q, on: true })
            await show()
          },
        ),
      ]
    })
  void show()
}

function entry(rule: Exclusion, show: () => Promise<void>): Node {
  const { name, q, on, saved } = rule
  const today = `${count(saved.today.lines, 'line')} (${bytes(saved.today.bytes)}) today, ${bytes(saved.days30.bytes)} in 30 days`
  return h(
    'li',
    {},
    h(
      'span',
      { class: 'grow' },
      h('span', { class: 'name' }, name),
      ' ',
      h('code', {}, q),
      h('p', { class: 'quiet-text' }, `Saved ${today}`),
    ),
    button(
      on ? 'On' : 'Off',
      () => void send('PUT', `/exclusions/${rule.id}`, { name, q, on: !on }).finally(show),
      {
        'aria-pressed': String(on),
        'aria-label': `${name}: ${on ? 'on' : 'off'}`,
      },
    ),
    button('Delete', () => void send('DELETE', `/exclusions/${rule.id}`).finally(show), {
      class: 'danger',
      'aria-label': `Delete ${name}`,
    }),
  )
}
