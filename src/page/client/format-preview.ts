// What a format would send of the last lines, while it is typed; where it is wrong, and why.
import { timeOfDay, type Zone } from '../reading/times.ts'
import { count } from '../reading/units.ts'
import { send, sentence } from './api.ts'
import type { LogEndpoint, LogService } from './api-types.ts'
import { button, h } from './dom.ts'
import type { Choice } from './fastly-commands.ts'

interface Preview {
  mistakes: { of: 'format' | 'condition'; at: number; text: string }[]
  lines: {
    sent_at: string
    source: string | null
    process: string | null
    text: string
  }[]
  looked_at: number
}

export interface FormatPreview {
  /** What there is to start from. The first time the first of them is shown. */
  offer(services: readonly LogService[]): void
  /** Shows this one, and goes there. */
  choose(service: LogService, endpoint: LogEndpoint): void
}

interface Offer {
  value: string
  text: string
  /** Null where the resource has none. */
  service: LogService | null
  endpoint: LogEndpoint | null
}

/** The value of what is no endpoint yet. */
const NEW = ''
/** Fastly's own where none is said. */
const DEFAULT_FORMAT = '%h %l %u %t "%r" %>s %b'
const TYPING_MS = 250
/** What is shown on either side of a mistake. */
const AROUND = 40

export function openPreview(at: HTMLElement, zone: Zone, onChoice: (choice: Choice) => void): FormatPreview {
  const start = h('select', { name: 'start' })
  const version = h(
    'select',
    { name: 'version' },
    h('option', { value: '2' }, '2'),
    h('option', { value: '1' }, '1'),
  )
  const text = (name: string, max: number, rows: number, placeholder: string) =>
    h('textarea', {
      name,
      rows,
      maxlength: max,
      spellcheck: 'false',
      autocapitalize: 'off',
      placeholder,
      'aria-describedby': 'mistakes',
    })
  const format = text('format', 12_288, 2, '%h "%r" %>s')
  const condition = text('condition', 4_000, 1, 'resp.status >= 500')
  const mistakes = h('div', { id: 'mistakes', class: 'mistakes', role: 'status' })
  const told = h('p', { class: 'quiet-text' })
  const lines = h('ol', {
    class: 'rendered',
    tabindex: '0',
    'aria-label': 'What would be sent, newest first',
  })
  at.replaceChildren(
    h('h2', {}, 'Preview', h('span', { class: 'total' }, 'nothing is stored')),
    h(
      'form',
      { class: 'form' },
      h('div', { class: 'form-row' }, labelled('Start from', start), labelled('Format version', version)),
      labelled('Format', format),
      labelled('Condition: lines that are sent; empty for all of them', condition),
    ),
    mistakes,
    h(
      'div',
      { class: 'told' },
      told,
      button('Newest lines', () => void render()),
    ),
    lines,
  )

  let offered: Offer[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let asking = new AbortController()

  const chosen = () => offered.find(({ value }) => value === start.value)
  const begin = () => {
    const endpoint = chosen()?.endpoint
    format.value = endpoint?.format ?? DEFAULT_FORMAT
    version.value = String(endpoint?.format_version ?? 2)
    condition.value = endpoint?.condition?.statement ?? ''
    changed(0)
  }
  const changed = (afterMs: number) => {
    onChoice({
      serviceId: chosen()?.service?.id ?? null,
      name: chosen()?.endpoint?.name ?? null,
      format: format.value,
      formatVersion: version.value === '1' ? 1 : 2,
    })
    clearTimeout(timer)
    timer = setTimeout(() => void render(), afterMs)
  }

  async function render(): Promise<void> {
    asking.abort()
    asking = new AbortController()
    const { signal } = asking
    const asked = { format: format.value, condition: condition.value }
    try {
      const preview = await send<Preview>(
        'POST',
        '/log-endpoints/preview',
        {
          format: asked.format,
          format_version: Number(version.value),
          condition: asked.condition.trim() === '' ? null : asked.condition,
          service_id: chosen()?.service?.id ?? null,
        },
        signal,
      )
      format.setAttribute('aria-invalid', String(preview.mistakes.some(({ of }) => of === 'format')))
      condition.setAttribute('aria-invalid', String(preview.mistakes.some(({ of }) => of === 'condition')))
      mistakes.replaceChildren(...preview.mistakes.map((mistake) => mistakeIn(asked[mistake.of], mistake)))
      // What is wrong now was right a moment ago, mostly: the lines of before stay, and say so.
      lines.classList.toggle('stale', preview.mistakes.length > 0)
      if (preview.mistakes.length > 0) {
        told.textContent = lines.childElementCount > 0 ? 'Before the mistake:' : ''
        return
      }
      told.textContent = tellOf(preview, condition.value.trim() !== '')
      lines.replaceChildren(...preview.lines.map((line) => renderedLine(line, zone)))
    } catch (error) {
      if (!signal.aborted) mistakes.replaceChildren(h('p', { class: 'wrong' }, sentence(error)))
    }
  }

  start.addEventListener('change', begin)
  version.addEventListener('change', () => changed(0))
  for (const field of [format, condition]) field.addEventListener('input', () => changed(TYPING_MS))

  return {
    offer(services) {
      const isFirst = offered.length === 0
      const before = start.value
      offered = [
        ...services.flatMap((service) =>
          service.endpoints.map((endpoint) => ({
            value: keyOf(service, endpoint),
            text: services.length > 1 ? `${endpoint.name} (${service.name})` : endpoint.name,
            service,
            endpoint,
          })),
        ),
        { value: NEW, text: 'A new one', service: services[0] ?? null, endpoint: null },
      ]
      const options = offered.map(({ value, text }) => h('option', { value }, text))
      if (
        options.some(({ value }, at) => start.options[at]?.value !== value) ||
        options.length !== start.length
      )
        start.replaceChildren(...options)
      if (isFirst) return begin()
      // What was typed stays, also where the endpoint that it began with is gone.
      start.value = offered.some(({ value }) => value === before) ? before : NEW
      if (start.value !== before) changed(0)
    },
    choose(service, endpoint) {
      start.value = keyOf(service, endpoint)
      begin()
      at.scrollIntoView({ block: 'start' })
      format.focus({ preventScroll: true })
    },
  }
}

function keyOf(service: LogService, endpoint: LogEndpoint): string {
  return `${service.id} ${endpoint.name}`
}

function labelled(label: string, control: HTMLElement, look = ''): HTMLElement {
  return h('label', { class: `field ${look}`.trim() }, h('span', {}, label), control)
}

function mistakeIn(text: string, { of, at, text: reason }: Preview['mistakes'][number]): HTMLElement {
  const [wrong = ' '] = text.slice(at)
  const behind = text.slice(at + wrong.length)
  const before = text.slice(0, at)
  return h(
    'p',
    { class: 'wrong' },
    `${of === 'format' ? 'Format' : 'Condition'}, character ${at + 1}: ${reason}.`,
    h(
      'code',
      { class: 'place' },
      before.length > AROUND ? `…${before.slice(-AROUND)}` : before,
      h('mark', {}, wrong),
      behind.length > AROUND ? `${behind.slice(0, AROUND)}…` : behind,
    ),
  )
}

function tellOf({ lines, looked_at: lookedAt }: Preview, hasCondition: boolean): string {
  if (lookedAt === 0) return 'There are no lines yet.'
  const among = `the last ${count(lookedAt, 'line')}`
  if (lines.length === 0)
    return `Nothing of ${among} would be sent${hasCondition ? ' by this condition' : ''}.`
  return `Of ${among}, newest first:`
}

function renderedLine({ sent_at, source, process, text }: Preview['lines'][number], zone: Zone): HTMLElement {
  return h(
    'li',
    {},
    h('span', { class: 'of-line' }, `${timeOfDay(sent_at, zone)} ${process ?? source ?? ''}`),
    h('code', {}, text === '' ? '(empty)' : text),
  )
}
