// The lines as the server's page shows them, before any script has run and where none does: laid out by the same rules
// as in the browser (reading/), so that nothing moves when the script takes over. Pure.
import { type Html, html } from './html.ts'
import type { Line } from './reading/line.ts'
import { MAX_SHOWN, type Part, partsOfLine } from './reading/parts.ts'
import { originOf, rowLook } from './reading/row.ts'
import { dayOf, fullTime, longDay, timeOfDay } from './reading/times.ts'

/** Newest first, in a list that is drawn from its end: so the newest are in sight without a script. */
export function firstPaint(newestFirst: readonly Line[], namesApps: boolean): Html {
  return html`${newestFirst.map((line, at) => row(line, newestFirst[at + 1], namesApps))}`
}

function row(line: Line, older: Line | undefined, namesApps: boolean): Html {
  const origin = originOf(line)
  const day = dayOf(line.sent_at, 'utc')
  const isNewDay = older === undefined || dayOf(older.sent_at, 'utc') !== day
  const shown =
    line.message.length > MAX_SHOWN ? { ...line, message: `${line.message.slice(0, MAX_SHOWN)}…` } : line
  return html`<article class="${rowLook(line)}${isNewDay && ' new-day'}">${isNewDay && html`<div class="day">${longDay(day)}</div>`}<time class="time" datetime="${line.sent_at}" title="${fullTime(line.sent_at, 'utc')}">${timeOfDay(line.sent_at, 'utc')}</time>${namesApps && html`<span class="app">${line.app}</span>`}<span class="${origin.look}" title="${origin.text}">${origin.text}</span><div class="message">${partsOfLine(shown).map(part)}</div></article>
`
}

function part({ text, look, href, title, meter }: Part): Html {
  if (meter !== undefined) return bar(meter, look)
  if (href !== undefined) {
    return html`<a class="${look}" href="${href}" target="_blank" rel="noreferrer"${attribute('title', title)}>${text}</a>`
  }
  if (look === '') return html`${text}`
  return html`<span class="${look}"${attribute('title', title)}>${text}</span>`
}

function attribute(name: string, value: string | undefined): Html | false {
  return value !== undefined && html` ${name}="${value}"`
}

function bar(share: number, look: string): Html {
  return html`<svg class="${look}" width="64" height="8" viewBox="0 0 64 8" aria-hidden="true"><rect class="rail" width="64" height="8" rx="2"/><rect class="fill" width="${Math.max(1, Math.round(share * 64))}" height="8" rx="2"/></svg>`
}
