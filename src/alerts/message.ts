// What a message says: as text for people, and as JSON for Slack and whatever understands Slack's webhooks. Pure.
import type { Condition } from './condition.ts'

export type MessageKind = 'fired' | 'recovered' | 'test'

/** As it waits in the outbox: what was true when it was written. */
export interface MessageContent {
  kind: MessageKind
  alert: { id: string; name: string; q: string; condition: Condition }
  resource: { id: string; name: string }
  /** The time that was looked at, RFC 3339; null in a test. */
  window: { from: string; to: string } | null
  /** Lines counted in it, and whether those are all. */
  lines: number
  isAll: boolean
  /** Of a ratio: the lines that it is of. */
  ofLines: number | null
  /** The newest that matched. */
  examples: readonly { sentAt: string; process: string | null; message: string }[]
}

/** A link that leads people of the resource to a page of ours. */
export type LinkTo = (path: string) => string

export interface WrittenMessage {
  subject: string
  text: string
  url: string
}

const MAX_EXAMPLE_CHARACTERS = 300

export function writeMessage(content: MessageContent, linkTo: LinkTo): WrittenMessage {
  const { alert, resource } = content
  const url = linkTo(linesPath(content))
  const subject = `${HEADINGS[content.kind]}: ${oneLine(alert.name)} (${resource.name})`
  const examples = content.examples.map(exampleLine)
  return {
    subject,
    url,
    text: [whatHappened(content), ...examples, `See the lines: ${url}`].join('\n'),
  }
}

/**
 * Slack's shape: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks ("text", with &, < and >
 * escaped). Programs find the same in `culvert`; Slack passes over what it does not know.
 */
export function writeWebhook(messageId: string, content: MessageContent, linkTo: LinkTo): object {
  const { subject, text, url } = writeMessage(content, linkTo)
  const { kind, alert, resource, window, lines, isAll, ofLines, examples } = content
  return {
    text: `*${escapeSlack(subject)}*\n${escapeSlack(text)}`,
    culvert: {
      // The same in each try: how a receiver knows a message that comes twice.
      id: messageId,
      kind,
      alert: { id: alert.id, name: alert.name, q: alert.q },
      resource,
      from: window?.from ?? null,
      to: window?.to ?? null,
      lines,
      lines_are_all: isAll,
      of_lines: ofLines,
      examples: examples.map(({ sentAt, process, message }) => ({ sent_at: sentAt, process, message })),
      url,
    },
  }
}

const HEADINGS: Record<MessageKind, string> = { fired: 'Firing', recovered: 'Over', test: 'Test' }

function whatHappened(content: MessageContent): string {
  const { kind, alert } = content
  if (kind === 'test')
    return `This is what a message of this alert looks like. It watches for: ${describe(alert)}.`
  if (kind === 'recovered') return `It is no longer so: ${describe(alert)}.`
  return `${counted(content)}: ${describe(alert)}.`
}

/** "more than 100 lines in 5 minutes that match “level:error”" */
export function describe({ q, condition }: MessageContent['alert']): string {
  const time = condition.minutes === 1 ? 'a minute' : `${condition.minutes} minutes`
  const those = q === '' ? '' : ` that match “${oneLine(q)}”`
  switch (condition.kind) {
    case 'more_than':
      return `more than ${number(condition.lines)} ${condition.lines === 1 ? 'line' : 'lines'} in ${time}${those}`
    case 'silence':
      return `no line for ${time}${those}`
    case 'ratio':
      return `more than ${condition.percent}% of the lines in ${time} that match “${oneLine(condition.ofQ)}” match “${oneLine(q)}” too`
  }
}

function counted({ lines, isAll, ofLines }: MessageContent): string {
  if (ofLines !== null) return `${number(lines)} of ${number(ofLines)} lines (${percent(lines, ofLines)})`
  if (lines === 0) return 'Silence'
  return `${number(lines)} ${lines === 1 ? 'line' : 'lines'}${isAll ? '' : ' or more'}`
}

function exampleLine({ sentAt, process, message }: MessageContent['examples'][number]): string {
  const time = sentAt.slice(11, 19)
  return `> ${time} ${process === null ? '' : `${process} `}${cut(oneLine(message))}`
}

/** The page of the lines; after a recovery or in a test, of the newest. */
function linesPath({ kind, alert, resource, window }: MessageContent): string {
  const parameters = new URLSearchParams()
  if (alert.q !== '') parameters.set('q', alert.q)
  if (kind === 'fired' && window !== null) {
    parameters.set('from', window.from)
    parameters.set('to', window.to)
  }
  const query = parameters.toString()
  return `/resources/${resource.id}${query === '' ? '' : `?${query}`}`
}

function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

function oneLine(text: string): string {
  return text.replace(/\s+/gu, ' ').trim()
}

function cut(text: string): string {
  const characters = [...text]
  return characters.length <= MAX_EXAMPLE_CHARACTERS
    ? text
    : `${characters.slice(0, MAX_EXAMPLE_CHARACTERS).join('')}…`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

function percent(part: number, whole: number): string {
  return `${((part / whole) * 100).toLocaleString('en', { maximumFractionDigits: 1 })}%`
}
