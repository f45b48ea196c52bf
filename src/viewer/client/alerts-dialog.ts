// Alerts on a search: more than so many lines, too large a share, or silence; told to a webhook or by mail.
import { ageInWords } from '../reading/times.ts'
import { get, send } from './api.ts'
import { openDialog } from './dialog.ts'
import { button, h } from './dom.ts'
import { choice, field, fill, formOf } from './form.ts'
import type { About } from './page.ts'
import type { Viewer } from './viewer.ts'

export type Condition =
  | { kind: 'more_than'; lines: number; minutes: number }
  | { kind: 'ratio'; of_q: string; percent: number; minutes: number; at_least_lines: number }
  | { kind: 'silence'; minutes: number }

interface Alert {
  id: string
  name: string
  q: string
  condition: Condition
  to: { webhook?: { host: string; hint: string } | null; email?: string | null }
  muted_until: string | null
  state: 'ok' | 'firing' | 'unknown'
  last_fired_at: string | null
  last_error: string | null
}

export function openAlerts(viewer: Viewer): void {
  const { body } = openDialog('Alerts', ['Loading…'])
  const show = (): Promise<void> =>
    fill(body, async () => {
      const [{ alerts }, about] = await Promise.all([
        get<{ alerts: Alert[] }>('/alerts'),
        get<About>('/about').catch(() => null),
      ])
      return [
        h('ul', { class: 'entries' }, ...alerts.map((alert) => entry(alert, viewer, show))),
        newAlert(viewer.state.q, about?.features?.alerts_mail === true, show),
      ]
    })
  void show()
}

function entry(alert: Alert, viewer: Viewer, show: () => Promise<void>): Node {
  const { id, name, q, state, last_error: error } = alert
  const isMuted = alert.muted_until !== null && Date.parse(alert.muted_until) > Date.now()
  const act = (work: Promise<unknown>) => void work.finally(show)
  const [badge, look] = isMuted
    ? ['muted', '']
    : state === 'firing'
      ? ['firing', 'firing']
      : state === 'ok'
        ? ['ok', 'ok']
        : ['not yet looked at', '']
  const to = [
    alert.to.webhook ? `${alert.to.webhook.host} ${alert.to.webhook.hint}` : null,
    alert.to.email ?? null,
  ].filter((one) => one !== null)
  const fired =
    alert.last_fired_at === null
      ? ''
      : ` · last ${ageInWords(Date.now() - Date.parse(alert.last_fired_at))} ago`
  return h(
    'li',
    {},
    h('span', { class: `badge ${look}` }, badge),
    h(
      'span',
      { class: 'grow' },
      h('span', { class: 'name' }, name),
      h(
        'p',
        { class: 'quiet-text' },
        `${conditionText(alert.condition)} of `,
        h('code', {}, q === '' ? 'all lines' : q),
        ` · to ${to.join(' and ')}${fired}`,
      ),
      error !== null && h('p', { class: 'wrong' }, error),
    ),
    button('Lines', () => viewer.search(q)),
    button(isMuted ? 'Unmute' : 'Mute 1 h', () =>
      act(send('POST', `/alerts/${id}/mute`, { minutes: isMuted ? 0 : 60 })),
    ),
    button('Test', () => act(send('POST', `/alerts/${id}/test`, {}))),
    button('Delete', () => act(send('DELETE', `/alerts/${id}`)), {
      class: 'danger',
      'aria-label': `Delete ${name}`,
    }),
  )
}

export function conditionText(condition: Condition): string {
  if (condition.kind === 'more_than') return `More than ${condition.lines} in ${condition.minutes} min`
  if (condition.kind === 'silence') return `None for ${condition.minutes} min`
  return `More than ${condition.percent}% of “${condition.of_q}” in ${condition.minutes} min`
}

function newAlert(q: string, sendsMail: boolean, show: () => Promise<void>): HTMLFormElement {
  const kind = choice('Tell me when there are', 'kind', [
    ['more_than', 'more lines than'],
    ['silence', 'no lines'],
    ['ratio', 'a share of other lines'],
  ])
  const lines = field('Lines', 'lines', { type: 'number', value: '10', min: 1 })
  const percent = field('Percent', 'percent', { type: 'number', value: '5', min: 1, max: 100 })
  const ofQ = field('Of the lines', 'of_q', { value: 'process:router' })
  const least = field('Of at least', 'at_least_lines', { type: 'number', value: '20', min: 1 })
  const minutes = field('Minutes', 'minutes', { type: 'number', value: '5', min: 1, max: 1_440 })
  const form = formOf(
    [
      h(
        'div',
        { class: 'form-row' },
        field('Name', 'name', { required: true, placeholder: 'Checkout fails' }),
        field('Search', 'q', { value: q, placeholder: 'level:error' }),
      ),
      h('div', { class: 'form-row' }, kind, lines, percent, ofQ, least, minutes),
      h(
        'div',
        { class: 'form-row' },
        field('Webhook (Slack’s or your own)', 'webhook', {
          type: 'url',
          placeholder: 'https://hooks.slack.com/services/…',
        }),
        ...(sendsMail ? [field('Mail to', 'email', { type: 'email', placeholder: 'team@example.com' })] : []),
      ),
    ],
    'Create the alert',
    async (values) => {
      const { name = '', q: search = '', webhook = '', email = '' } = values
      await send('POST', '/alerts', {
        name,
        q: search,
        condition: conditionOf(values),
        to: { ...(webhook === '' ? {} : { webhook }), ...(email === '' ? {} : { email }) },
      })
      await show()
    },
  )
  const showWanted = () => {
    const chosen = new FormData(form).get('kind')
    lines.hidden = chosen !== 'more_than'
    for (const one of [percent, ofQ, least]) one.hidden = chosen !== 'ratio'
  }
  form.addEventListener('change', showWanted)
  showWanted()
  return form
}

function conditionOf(values: Record<string, string>): Condition {
  const number = (name: string) => Number(values[name])
  const minutes = number('minutes')
  if (values.kind === 'silence') return { kind: 'silence', minutes }
  if (values.kind === 'more_than') return { kind: 'more_than', lines: number('lines'), minutes }
  return {
    kind: 'ratio',
    of_q: values.of_q ?? '',
    percent: number('percent'),
    minutes,
    at_least_lines: number('at_least_lines'),
  }
}
