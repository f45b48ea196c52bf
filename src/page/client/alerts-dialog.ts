// Alerts on a search: a count, a share or silence; they notify a webhook or an e-mail address.
import { ageInWords } from '../reading/times.ts'
import { alertForm } from './alert-form.ts'
import { get, send } from './api.ts'
import type { About, Alert, Condition } from './api-types.ts'
import { openDialog } from './dialog.ts'
import { button, h } from './dom.ts'
import { fill } from './form.ts'
import type { Viewer } from './viewer.ts'

export function openAlerts(viewer: Viewer): void {
  const { body } = openDialog('Alerts', ['Loading…'])
  const show = (edited: string | null = null): Promise<void> =>
    fill(body, async () => {
      const [{ alerts }, about] = await Promise.all([
        get<{ alerts: Alert[] }>('/alerts'),
        get<About>('/about').catch(() => null),
      ])
      return [
        h('ul', { class: 'entries' }, ...alerts.map((alert) => entry(alert, viewer, show))),
        alertForm({
          alert: alerts.find(({ id }) => id === edited) ?? null,
          q: viewer.state.q,
          sendsMail: about?.features?.alerts_mail === true,
          onDone: () => show(),
        }),
      ]
    }).then(() => {
      if (edited !== null) body.querySelector<HTMLElement>('[name=name]')?.focus()
    })
  void show()
}

function entry(alert: Alert, viewer: Viewer, show: (edited?: string) => Promise<void>): Node {
  const { id, name, q, state, last_error: error } = alert
  const isMuted = alert.muted_until !== null && Date.parse(alert.muted_until) > Date.now()
  const act = (work: Promise<unknown>) => void work.finally(() => show())
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
    h(
      'div',
      { class: 'buttons' },
      button('Lines', () => viewer.search(q)),
      button(isMuted ? 'Unmute' : 'Mute 1 h', () =>
        act(send('POST', `/alerts/${id}/mute`, { minutes: isMuted ? 0 : 60 })),
      ),
      button('Test', () => act(send('POST', `/alerts/${id}/test`, {}))),
      button('Change', () => void show(id), { 'aria-label': `Change ${name}` }),
      button('Delete', () => act(send('DELETE', `/alerts/${id}`)), {
        class: 'danger',
        'aria-label': `Delete ${name}`,
      }),
    ),
  )
}

export function conditionText(condition: Condition): string {
  if (condition.kind === 'more_than') return `More than ${condition.lines} in ${condition.minutes} min`
  if (condition.kind === 'silence') return `None for ${condition.minutes} min`
  return `More than ${condition.percent}% of “${condition.of_q}” in ${condition.minutes} min`
}
