// GET /resources/:id: the lines for people. The newest are in the HTML already, so that the page opens on the answer; the
// script then follows the live end. Without a script it is the newest lines with links to older ones.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readerOf } from '../access/session.ts'
import { type AppNames, lineToJson } from '../api/line.ts'
import { type AskedLines, readLineQuery } from '../api/line-query.ts'
import type { Brand } from '../config.ts'
import type { LogStore } from '../logs/log-store.ts'
import type { Apps } from '../query/line-view.ts'
import { print } from '../query/query.ts'
import type { LiveResource } from '../resources/resource.ts'
import { firstPaint } from './first-paint.ts'
import { type Html, html } from './html.ts'
import { document, PAGE_HEADERS } from './layout.ts'
import type { Line } from './reading/line.ts'
import { takeReturnPath } from './return-path.ts'
import { type BarParts, bar, barParts } from './shell.ts'
import { readToday, renderToday, type UsageParts } from './usage.ts'

export interface PageParts extends UsageParts {
  logs: Pick<LogStore, 'read' | 'usage' | 'gaps'>
  appNames: AppNames
  retentionDaysOf(plan: string): number
  brand: Brand
  navHeader: boolean
}

/** What the page shows of the lines. */
interface Shown {
  newestFirst: readonly Line[]
  older: string | null
  newer: string | null
  searchedTo: string | null
}

export function showPage(parts: PageParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const reader = readerOf(request)
    const { resource } = reader
    const returnPath = takeReturnPath(request, reply)
    if (returnPath !== null) return reply.redirect(returnPath, 303)
    const asked = readLineQuery(request.query)
    const apps = await parts.appNames(resource.number)
    const [shown, today] = await Promise.all([
      startsElsewhere(request.query)
        ? { newestFirst: [], older: null, newer: null, searchedTo: null }
        : readShown(parts, asked, resource, apps, request.signal),
      readToday(parts, resource),
    ])
    const page = renderPage(asked, shown, barParts(parts, reader, { apps, today, page: 'logs' }))
    return reply.headers(PAGE_HEADERS).send(page)
  }
}

/** A line or a time that only the script leads to: the newest lines would only flash by. */
function startsElsewhere(query: unknown): boolean {
  const { line, at } = query as { line?: unknown; at?: unknown }
  return line !== undefined || at !== undefined
}

async function readShown(
  { logs }: PageParts,
  { query }: AskedLines,
  { number }: LiveResource,
  apps: Apps,
  signal: AbortSignal,
): Promise<Shown> {
  const page = await logs.read({ ...query, apps, resourceNumber: number, signal })
  const newestFirst = page.lines.map((line) => lineToJson(line, apps))
  return { newestFirst, older: page.older, newer: page.newer, searchedTo: page.searchedTo }
}

function renderPage(asked: AskedLines, shown: Shown, parts: BarParts): string {
  const { resource, brand, today } = parts
  return document({
    title: resource.name,
    brand,
    look: 'viewer',
    script: 'page',
    body: html`<a class="skip" href="#list">Skip to the lines</a>
${bar(parts)}
<main>
<form id="search" role="search" method="get">
<label class="hidden" for="q">Search</label>
<input id="q" name="q" type="search" value="${asked.typed}" maxlength="500" autocomplete="off" autocapitalize="off" spellcheck="false"
 placeholder="Search:  timeout -debug  status:>=500  dyno:web.1  level:error">
<noscript><button>Search</button></noscript>
<div class="tools js">
${tool('time', 'Time', 'M8 4.5V8l2.5 1.5M8 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 0 1 0-13')}
${tool('save', 'Save', 'M8 1.8l1.9 4 4.3.5-3.2 3 .9 4.3L8 11.5l-3.9 2.1.9-4.3-3.2-3 4.3-.5z')}
${tool('alerts', 'Alerts', 'M8 1.5c2.5 0 4 2 4 4.5 0 4 1.5 5 1.5 5h-11S4 10 4 6c0-2.500 1.500-4.500 4-4.500M6.500 13.500c.5 1 2.500 1 3 0')}
${tool('export', 'Export', 'M8 2v8M4.800 7L8 10.200 11.200 7M2.500 13.500h11')}
${tool('more', 'More', 'M3 8h.01M8 8h.01M13 8h.01')}
</div>
</form>
<div id="understood" class="understood"${understood(asked) === false && html` hidden`}>${understood(asked)}</div>
<div id="chart" class="chart js" hidden></div>
<div class="strip js">
<button type="button" id="follow" class="follow" aria-pressed="true"><span class="dot"></span><span id="follow-text">Live</span></button>
<span id="pulse" class="pulse"></span>
<span id="where" class="where"></span>
<span class="switches" role="group" aria-label="How lines are shown">
${toggle('wrap', 'Wrap', 'Wrap long lines')}${toggle('raw', 'Raw', 'Show messages as they were printed')}${toggle('bars', 'Bars', 'Show how many lines there were over time')}${toggle('zone', 'UTC', 'Times in UTC or in this browser’s zone')}${toggle('theme', 'Theme', 'Light, dark, or as the system has it')}${toggle('help', '?', 'Keys')}
</span>
</div>
<div id="context-bar" class="context-bar js" hidden></div>
<div class="stage">
<div id="list" class="list first-paint" role="feed" aria-label="Log lines" aria-busy="false" tabindex="0">
${firstPaint(shown.newestFirst, new Set(parts.apps.values()).size > 1)}
</div>
<div id="edge-top" class="edge top" hidden></div>
<div id="empty" class="empty"${shown.newestFirst.length > 0 && html` hidden`}>${empty(asked, shown)}</div>
<button type="button" id="paused" class="paused js" hidden></button>
</div>
<noscript>${renderToday(today)}${pages(resource, asked, shown)}</noscript>
<p id="said" class="said" role="status" aria-live="polite"></p>
</main>`,
  })
}

function tool(id: string, text: string, path: string): Html {
  return html`<button type="button" id="${id}" title="${text}"><svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg><span class="wide">${text}</span></button>`
}

function toggle(id: string, text: string, title: string): Html {
  return html`<button type="button" id="${id}" title="${title}">${text}</button>`
}

/** The query as it was understood, where that is not what was typed, and what was taken as text. */
function understood({ typed, hints, understood: query }: AskedLines): Html | false {
  const printed = print(query)
  if (printed === typed && hints.length === 0) return false
  return html`<span>Understood as </span><code>${printed}</code>${hints.map(({ at, text }) => html`<span class="hint">Character ${at + 1}: ${text}.</span>`)}`
}

/** For browsers that run no script. */
function pages(
  resource: LiveResource,
  { typed, query }: AskedLines,
  { older, newer, searchedTo }: Shown,
): Html {
  const link = (text: string, cursor: Record<string, string>) => {
    const parameters = new URLSearchParams({ ...(typed === '' ? {} : { q: typed }), ...cursor }).toString()
    const address = `/resources/${resource.id}${parameters === '' ? '' : `?${parameters}`}`
    return html`<a href="${address}">${text}</a>`
  }
  const atNewest = query.before === undefined && query.after === undefined
  return html`<nav class="pages" aria-label="Pages">
${link(atNewest ? 'Refresh' : 'Newest', {})}
${newer !== null && !atNewest && link('Newer', { after: newer })}
${older !== null && link('Older', { before: older })}
${searchedTo !== null && html`<span>Searched to ${searchedTo.slice(0, 19).replace('T', ' ')} so far; “Older” goes on.</span>`}
</nav>`
}

function empty({ typed, query }: AskedLines, { searchedTo }: Shown): Html {
  if (searchedTo !== null) return html`<p>Nothing found yet.</p>`
  if (query.after !== undefined) return html`<p>Nothing newer has come in yet.</p>`
  if (query.before !== undefined) return html`<p>There is nothing older.</p>`
  if (typed !== '') return html`<p>No line that is kept matches.</p>`
  return html`<h2>Waiting for the first lines</h2><p>Heroku starts sending a minute or so after the add-on was added.
Whatever your app prints, and every request that it answers, shows up here by itself.</p>`
}
