// How a live tail is written: as events for a browser, as JSON lines for a program, as text for a terminal. Pure.
import { formatMicros } from '../../logplex/frame-form.ts'
import type { LogLine } from '../../logplex/framed-line.ts'
import type { SkippedLines } from '../../logs/log-tail.ts'
import { formatEvent, formatJsonEvent } from './event-stream.ts'
import type { SharedLines } from './shared-lines.ts'

export interface ToldGap {
  kind: string
  lines: number
  minute: string
  drain_id: number
}

export interface Pulse {
  last_received_at: string | null
  lines_per_second: number
  server_time: string
}

export interface TailForm {
  type: string
  /** `older` only with the first ones: where the past goes on. */
  lines(lines: readonly LogLine[], shared: SharedLines, position: string, older?: string | null): string
  skipped(skipped: SkippedLines): string
  gap(gap: ToldGap): string
  pulse(pulse: Pulse, position: string): string
  end(reason: string): string
}

const EVENTS: TailForm = {
  type: 'text/event-stream; charset=utf-8',
  lines: (lines, shared, position, older) => {
    const all = lines.map((line) => shared.json(line)).join(',')
    const rest = older === undefined ? '' : `,"older":${JSON.stringify(older)}`
    return formatJsonEvent('lines', `{"lines":[${all}]${rest}}`, position)
  },
  skipped: (skipped) => formatEvent('skipped', skippedToJson(skipped)),
  gap: (gap) => formatEvent('gap', gap),
  pulse: (pulse, position) => formatEvent('pulse', pulse, position),
  end: (reason) => formatEvent('end', { reason }),
}

/** A line of JSON for each line; what is no line has an `event`. */
const JSON_LINES: TailForm = {
  type: 'application/x-ndjson; charset=utf-8',
  lines: (lines, shared) => lines.map((line) => `${shared.json(line)}\n`).join(''),
  skipped: (skipped) => `${JSON.stringify({ event: 'skipped', ...skippedToJson(skipped) })}\n`,
  gap: (gap) => `${JSON.stringify({ event: 'gap', ...gap })}\n`,
  // Keeps the connection open: Heroku's router closes one that is silent for 55 seconds. Space between values is JSON's.
  pulse: () => '\n',
  end: (reason) => `${JSON.stringify({ event: 'end', reason })}\n`,
}

/** As `heroku logs` prints; what is no line is said by culvert[tail]. */
const TEXT: TailForm = {
  type: 'text/plain; charset=utf-8',
  lines: (lines) => lines.map((line) => `${lineToText(line)}\n`).join(''),
  skipped: ({ lines, from, to }) =>
    `${told(from)} skipped ${lines} lines, sent before ${formatMicros(to)}: too many at once\n`,
  gap: ({ kind, lines, minute }) => `${minute} culvert[tail]: ${lines} lines are missing (${kind})\n`,
  pulse: () => '\n',
  end: () => '',
}

export function formOf(accept: string | undefined): TailForm {
  if (accept?.includes('text/event-stream')) return EVENTS
  if (accept?.includes('ndjson') || accept?.includes('application/json')) return JSON_LINES
  return TEXT
}

/** 2026-11-21T10:00:00.123456+00:00 app[web.1]: message */
export function lineToText({ sentAt, source, process, message }: LogLine): string {
  const from = process === null ? (source ?? '-') : `${source ?? '-'}[${process}]`
  return `${sentAt.replace('Z', '+00:00')} ${from}: ${message}`
}

export function skippedToJson({ lines, from, to }: SkippedLines) {
  return { lines, from: formatMicros(from), to: formatMicros(to) }
}

function told(micros: number): string {
  return `${formatMicros(micros).replace('Z', '+00:00')} culvert[tail]:`
}
