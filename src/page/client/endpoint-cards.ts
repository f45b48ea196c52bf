// Services and their log endpoints: what each sends where, and how that goes. Updated in place.
import { ageInWords } from '../reading/times.ts'
import { count } from '../reading/units.ts'
import type { LogEndpoint, LogService } from './api-types.ts'
import { button, h } from './dom.ts'
import { arrange, keyed, tell } from './keyed.ts'

export interface ServiceCard {
  element: HTMLElement
  update(service: LogService): void
}

export function serviceCard(onPreview: (service: LogService, endpoint: LogEndpoint) => void): ServiceCard {
  const name = h('span')
  const version = h('span', { class: 'total' })
  const advice = h('p', { class: 'advice' })
  const list = h('ul', { class: 'entries' })
  const element = h('section', { class: 'card' }, h('h2', {}, name, version), advice, list)
  let shown: LogService | undefined
  const entries = keyed(() => endpointEntry((endpoint) => shown !== undefined && onPreview(shown, endpoint)))
  return {
    element,
    update(service) {
      shown = service
      element.setAttribute('aria-label', `Service ${service.name}`)
      tell(name, service.name)
      tell(
        version,
        service.active_version === null
          ? 'no version is active'
          : `version ${service.active_version} is active`,
      )
      const text = adviceOf(service)
      tell(advice, text)
      advice.hidden = text === ''
      const shownEntries = entries(
        service.endpoints,
        (endpoint) => endpoint.name,
        (entry, endpoint) => entry.update(endpoint, service),
      )
      arrange(
        list,
        shownEntries.map((entry) => entry.element),
      )
      list.hidden = service.endpoints.length === 0
    },
  }
}

/** A hint about a likely mistake; empty if there is none. */
function adviceOf({ active_version: active, newest_version: newest, endpoints }: LogService): string {
  if (endpoints.length === 0 && newest === (active ?? newest))
    return 'There is no log endpoint here yet: lines are sent nowhere. Try a format below, then make one.'
  if (active === null)
    return `Version ${newest} is not active, so nothing is sent. It streams from the moment that it is activated.`
  if (newest > active)
    return `Version ${newest} is newer and not active. What you see is version ${active}, which streams until another one is activated.`
  return ''
}

interface Entry {
  element: HTMLElement
  update(endpoint: LogEndpoint, service: LogService): void
}

function endpointEntry(onPreview: (endpoint: LogEndpoint) => void): Entry {
  const badge = h('span', { class: 'badge' })
  const name = h('span', { class: 'name' })
  const host = h('span', { class: 'quiet-text' })
  const why = h('p', { class: 'quiet-text' })
  const rows = new Map([...LABELS, ...TEXTS].map((label) => [label, row(label, TEXTS.has(label))]))
  let shown: LogEndpoint | undefined
  const preview = button('Preview', () => shown !== undefined && onPreview(shown))
  const element = h(
    'li',
    { class: 'endpoint' },
    h('div', { class: 'endpoint-head' }, badge, h('span', { class: 'grow' }, name, ' ', host), preview),
    why,
    h('dl', { class: 'figures' }, ...[...rows.values()].map((one) => one.element)),
  )
  return {
    element,
    update(endpoint, service) {
      shown = endpoint
      const state = stateOf(endpoint, service)
      badge.className = `badge ${state.look}`
      tell(badge, state.name)
      tell(name, endpoint.name)
      tell(host, `to ${endpoint.host}`)
      tell(why, state.why)
      why.hidden = state.why === ''
      preview.setAttribute('aria-label', `Preview ${endpoint.name}`)
      const texts = textsOf(endpoint)
      for (const [label, one] of rows) {
        const text = texts[label]
        tell(one.value, text ?? '')
        one.element.hidden = text === undefined
      }
      rows.get('Last error')?.value.classList.toggle('wrong', endpoint.stream?.last_error != null)
      rows.get('Dropped')?.value.classList.toggle('wrong', (endpoint.stream?.dropped_lines ?? 0) > 0)
    },
  }
}

const LABELS = ['Waiting', 'Sent', 'Dropped', 'Cut']
/** These have a line of their own. */
const TEXTS = new Set(['Last error', 'Format', 'Condition'])

function row(label: string, isWide: boolean): { element: HTMLElement; value: HTMLElement } {
  const value = label === 'Format' || label === 'Condition' ? h('code') : h('span')
  const element = h('div', { class: isWide ? 'wide-row' : null }, h('dt', {}, label), h('dd', {}, value))
  return { element, value }
}

function stateOf(
  { state, stream }: LogEndpoint,
  service: LogService,
): { name: string; look: string; why: string } {
  if (state === 'off' || stream === null) {
    const why =
      service.active_version === null ? '' : 'Its placement is none or waf_debug: nothing is sent to it.'
    return { name: 'off', look: '', why }
  }
  if (state === 'failing') {
    const next = stream.next_try_at === null ? 0 : Date.parse(stream.next_try_at) - Date.now()
    const when = next <= 0 ? 'It is tried again now' : `It is tried again in ${ageInWords(next)}`
    return { name: 'paused', look: 'firing', why: `${when}; until it takes lines, they wait.` }
  }
  if (stream.last_error !== null)
    return {
      name: 'refused',
      look: 'firing',
      why: 'Its last lines were refused for good; the next ones are tried.',
    }
  if (stream.last_sent_at === null)
    return {
      name: 'waiting',
      look: '',
      why: 'Nothing was sent yet. The preview shows which lines are for it.',
    }
  return { name: 'sending', look: 'ok', why: '' }
}

/** Label -> what stands there; without those that have nothing to say. */
function textsOf({
  stream,
  format,
  format_version: version,
  condition,
}: LogEndpoint): Record<string, string> {
  const texts: Record<string, string> = {
    Format: version === 1 ? `${format} (version 1)` : format,
    ...(condition !== null && { Condition: condition.statement }),
  }
  if (stream === null) return texts
  const age = (at: string) => ageInWords(Date.now() - Date.parse(at))
  const { oldest_waiting_at: oldest, last_sent_at: sent, last_error: error, last_error_at: failed } = stream
  texts.Waiting =
    count(stream.waiting_lines, 'line') + (oldest === null ? '' : `, the oldest for ${age(oldest)}`)
  texts.Sent = count(stream.sent_lines, 'line') + (sent === null ? '' : `, the last ${age(sent)} ago`)
  texts.Dropped = count(stream.dropped_lines, 'line')
  texts.Cut = count(stream.cut_lines, 'line')
  if (failed !== null)
    texts['Last error'] = error === null ? `${age(failed)} ago, and over` : `${error}, ${age(failed)} ago`
  return texts
}
