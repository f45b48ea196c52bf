// The form in which an alert is made, or changed.

import { send } from './api.ts'
import type { Alert, Condition } from './api-types.ts'
import { button, h } from './dom.ts'
import { choice, field, formOf } from './form.ts'

export interface AlertFormParts {
  /** The one that is changed; null for a new one. */
  alert: Alert | null
  /** What a new one begins with. */
  q: string
  sendsMail: boolean
  /** Saved, or left as it was. */
  onDone(): Promise<void>
}

export function alertForm({ alert, q, sendsMail, onDone }: AlertFormParts): HTMLFormElement {
  const condition = alert?.condition
  const ratio = condition?.kind === 'ratio' ? condition : undefined
  const kind = choice(
    'Tell me when there are',
    'kind',
    [
      ['more_than', 'more lines than'],
      ['silence', 'no lines'],
      ['ratio', 'a share of other lines'],
    ],
    condition?.kind,
  )
  const number = (label: string, name: string, value: number, min: number, max?: number) =>
    field(label, name, { type: 'number', value: String(value), min, ...(max !== undefined && { max }) })
  const lines = number('Lines', 'lines', condition?.kind === 'more_than' ? condition.lines : 10, 0)
  const percent = number('Percent', 'percent', ratio?.percent ?? 5, 0, 100)
  percent.querySelector('input')?.setAttribute('step', 'any')
  const ofQ = field('Of the lines', 'of_q', { value: ratio?.of_q ?? 'process:router' })
  const least = number('Of at least', 'at_least_lines', ratio?.at_least_lines ?? 20, 1)
  const minutes = number('Minutes', 'minutes', condition?.minutes ?? 5, 1, 1_440)
  const webhook = alert?.to.webhook ?? null
  const form = formOf(
    [
      ...(alert === null ? [] : [h('h3', {}, `Change ${alert.name}`)]),
      h(
        'div',
        { class: 'form-row' },
        field('Name', 'name', { required: true, value: alert?.name ?? '', placeholder: 'Checkout fails' }),
        field('Search', 'q', { value: alert?.q ?? q, placeholder: 'level:error' }),
      ),
      h('div', { class: 'form-row' }, kind, lines, percent, ofQ, least, minutes),
      h(
        'div',
        { class: 'form-row' },
        field('Webhook (Slack’s or your own)', 'webhook', {
          type: 'url',
          placeholder:
            webhook === null
              ? 'https://hooks.slack.com/services/…'
              : `stays as it is: ${webhook.host} ${webhook.hint}`,
        }),
        ...(sendsMail
          ? [
              field('Mail to', 'email', {
                type: 'email',
                value: alert?.to.email ?? '',
                placeholder: 'team@example.com',
              }),
            ]
          : []),
      ),
      ...(webhook !== null && sendsMail
        ? [
            h(
              'label',
              { class: 'check' },
              h('input', { type: 'checkbox', name: 'drop_webhook' }),
              'Stop notifying this webhook',
            ),
          ]
        : []),
    ],
    alert === null ? 'Create the alert' : 'Save the alert',
    async (values) => {
      const asked = {
        name: values.name ?? '',
        q: values.q ?? '',
        condition: conditionOf(values),
        to: addressesOf(values),
      }
      if (alert === null) await send('POST', '/alerts', asked)
      else await send('PUT', `/alerts/${alert.id}`, asked)
      await onDone()
    },
  )
  if (alert !== null) form.querySelector('.buttons')?.prepend(button('Cancel', () => void onDone()))
  const showWanted = () => {
    const chosen = new FormData(form).get('kind')
    lines.hidden = chosen !== 'more_than'
    for (const one of [percent, ofQ, least]) one.hidden = chosen !== 'ratio'
  }
  form.addEventListener('change', showWanted)
  showWanted()
  return form
}

/** A webhook that is left out stays: it is a secret, and so not in the form. */
function addressesOf(values: Record<string, string>): { webhook?: string | null; email?: string } {
  const { webhook = '', email = '', drop_webhook: drop } = values
  return {
    ...(webhook !== '' ? { webhook } : drop !== undefined ? { webhook: null } : {}),
    ...(email === '' ? {} : { email }),
  }
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
