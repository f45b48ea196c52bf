// What a resource has received today, how much it may, and which lines are known to be missing, in a few sentences.
import { addCounts } from '../logs/count.ts'
import type { Gap, LogStore, LossKind, Usage } from '../logs/log-store.ts'
import type { LiveResource } from '../resources/resource.ts'
import { type Html, html } from './html.ts'

export type DailyBytesOf = (plan: string) => number

export interface UsageParts {
  logs: Pick<LogStore, 'usage' | 'gaps'>
  dailyBytesOf: DailyBytesOf
  now(): Date
}

export interface Today extends Usage {
  /** UTC: 2026-11-21 */
  day: string
  dailyBytes: number
  /** Of the last day, newest first. */
  gaps: Gap[]
}

const DAY_MS = 86_400_000

export async function readToday(
  { logs, dailyBytesOf, now }: UsageParts,
  resource: Pick<LiveResource, 'number' | 'plan'>,
): Promise<Today> {
  const time = now()
  const day = time.toISOString().slice(0, 10)
  const [usage, gaps] = await Promise.all([
    logs.usage(resource.number, day),
    logs.gaps(resource.number, new Date(time.getTime() - DAY_MS)),
  ])
  return { ...usage, day, dailyBytes: dailyBytesOf(resource.plan), gaps }
}

const CAUSES: Record<LossKind, string> = {
  logplex_overflow: 'dropped by Heroku’s Logplex before they reached us (L10)',
  shuttle_overflow: 'dropped inside the dyno, which printed faster than it could send (L12)',
  shuttle_loss: 'lost on their way from the dyno (L13)',
  count_mismatch: 'announced by the sender but not in what it sent',
  quota: 'received above the daily volume of the plan and not kept',
  unavailable: 'refused because they could not be stored in time',
  too_many_lines: 'above the 10,000 lines that are taken of one delivery',
}

export function renderToday(today: Today): Html {
  const share = Math.min(100, Math.floor((today.bytes / today.dailyBytes) * 100))
  const missing = Object.entries(sumByKind(today.gaps))
  return html`<section class="today" aria-label="Volume and gaps">
<p>Today: ${megabytes(today.bytes)} of ${megabytes(today.dailyBytes)} (${share}%).${
    today.droppedLines > 0 &&
    html` <strong>The daily volume is used up: ${count(today.droppedLines)} above it ${today.droppedLines === 1 ? 'was' : 'were'} not kept.</strong>
It starts over at midnight UTC, or at once with a larger plan.`
  }</p>
${
  missing.length > 0 &&
  html`<ul>${missing.map(([kind, lines]) => html`<li>${count(lines)} of the last 24 hours ${lines === 1 ? 'is' : 'are'} missing: ${CAUSES[kind as LossKind]}.</li>`)}</ul>`
}</section>`
}

function sumByKind(gaps: readonly Gap[]): Partial<Record<LossKind, number>> {
  const sums: Partial<Record<LossKind, number>> = {}
  for (const { kind, lines } of gaps) sums[kind] = addCounts(sums[kind] ?? 0, lines)
  return sums
}

function count(lines: number): string {
  return lines === 1 ? '1 line' : `${lines.toLocaleString('en')} lines`
}

/** 1,234,567 -> 1.2 MB */
function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toLocaleString('en', { maximumFractionDigits: bytes < 1e8 ? 1 : 0 })} MB`
}
