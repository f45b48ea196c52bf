// What the lines of a search hold: their fields with the most frequent values, each a click away from a narrower search.
import { lineField } from '../../query/line-fields.ts'
import { lineTerm, messageTerm } from '../reading/term.ts'
import { count, whole } from '../reading/units.ts'
import { get } from './api.ts'
import { openDialog } from './dialog.ts'
import { button, h } from './dom.ts'
import { fill } from './form.ts'
import type { Viewer } from './viewer.ts'

interface Fields {
  looked_at: number
  fields: { name: string; lines: number; values: { value: string; lines: number }[] }[]
}

const VALUES_SHOWN = 6

export function openFields(viewer: Viewer): void {
  const { body, close } = openDialog('Fields and their values', ['Loading…'])
  void fill(body, async () => {
    const { q, from, to } = viewer.state
    const { looked_at: lookedAt, fields } = await get<Fields>('/fields', { q, from, to })
    const item = (name: string, { value, lines }: { value: string; lines: number }) => {
      const term = lineField(name) ? lineTerm(name, value) : messageTerm(name, value)
      const label = `${value === '' ? '(empty)' : value}`
      if (term === null) return h('span', { class: 'badge' }, label)
      const narrow = (event: MouseEvent) => {
        close()
        viewer.narrow(term, event.altKey)
      }
      const chosen = button(label, narrow, {
        class: 'value-button',
        title: `${term} · ${count(lines, 'line')}`,
      })
      chosen.append(h('small', {}, whole(lines)))
      return chosen
    }
    return [
      h(
        'p',
        {},
        `In the newest ${count(lookedAt, 'line')}${q === '' ? '' : ' that the search finds'}. Click a value to see only lines with it, Alt-click to see lines without it.`,
      ),
      h(
        'table',
        { class: 'fields top-values' },
        h(
          'tbody',
          {},
          ...fields.map(({ name, lines, values }) =>
            h(
              'tr',
              {},
              h('th', { scope: 'row' }, name),
              h('td', { class: 'number' }, whole(lines)),
              h(
                'td',
                { class: 'values' },
                ...values.slice(0, VALUES_SHOWN).map((value) => item(name, value)),
              ),
            ),
          ),
        ),
      ),
    ]
  })
}
