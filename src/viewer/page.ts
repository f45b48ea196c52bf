// GET /resources/:id: the lines for people, newest first. Plain HTML from the server; no script.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { LogLine } from '../logs/line.ts'
import type { LinePage, LogStore } from '../logs/log-store.ts'
import { print } from '../logs/query/query.ts'
import type { AppNames } from './api/line.ts'
import { type AskedLines, readLineQuery } from './api/line-query.ts'
import { type Html, html } from './html.ts'
import { DASHBOARD_URL, document, PAGE_HEADERS } from './layout.ts'
import { type ReadResource, readerOf } from './session.ts'
import { readToday, renderToday, type Today, type UsageParts } from './usage.ts'

export interface PageParts extends UsageParts {
  logs: Pick<LogStore, 'read' | 'usage' | 'gaps'>
  appNames: AppNames
  /** Leave the element where Heroku's old navigation header went; kensa looks for it. */
  navHeader: boolean
}

export function showPage(parts: PageParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { resource } = readerOf(request)
    const asked = readLineQuery(request.query)
    const apps = await parts.appNames(resource.number)
    const [page, today] = await Promise.all([
      parts.logs.read({ ...asked.query, apps, resourceNumber: resource.number, signal: request.signal }),
      readToday(parts, resource),
    ])
    return reply.headers(PAGE_HEADERS).send(renderPage(resource, asked, page, today, parts.navHeader))
  }
}

export function renderPage(
  resource: ReadResource,
  asked: AskedLines,
  page: LinePage,
  today: Today,
  navHeader: boolean,
): string {
  const name = resource.name ?? resource.id
  return document(
    name,
    html`${navHeader && html`<div id="heroku-header"></div>`}
<a class="skip" href="#lines">Skip to the lines</a>
<header class="bar"><h1>${name}</h1><p>Plan: ${resource.plan}</p>
<a href="${DASHBOARD_URL}">Heroku dashboard</a></header>
<main>
<form role="search" method="get">
<label for="q">Search</label>
<input id="q" name="q" type="search" value="${asked.typed}" maxlength="500" autocomplete="off" spellcheck="false"
 placeholder="status:>=500 dyno:web.1 -debug &quot;could not connect&quot;">
<button>Search</button>
</form>
${understood(asked)}
${renderToday(today)}
${pages(resource, asked, page)}
<div id="lines">
${page.lines.length === 0 ? empty(asked, page) : table(page.lines)}
</div>
${page.searchedTo !== null && page.lines.length > 0 && html`<p class="empty">${paused(asked, page.searchedTo)}</p>`}
${page.lines.length > 0 && pages(resource, asked, page)}
</main>`,
  )
}

/** The query as it was understood, where that is not what was typed, and what was taken as text. */
function understood({ typed, hints, understood: query }: AskedLines): Html | false {
  const printed = print(query)
  if (printed === typed && hints.length === 0) return false
  return html`<div class="understood"><p>Understood as <code>${printed}</code></p>${
    hints.length > 0 &&
    html`<ul>${hints.map(({ at, text }) => html`<li>At character ${at + 1}: ${text}.</li>`)}</ul>`
  }</div>`
}

function pages(resource: ReadResource, { typed, query }: AskedLines, { older, newer }: LinePage): Html {
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
</nav>`
}

function table(lines: readonly LogLine[]): Html {
  return html`<table>
<caption>${lines.length === 1 ? '1 line' : `${lines.length} lines`}, newest first. Times are UTC.</caption>
<thead><tr><th scope="col">Time</th><th scope="col">Source</th><th scope="col">Process</th><th scope="col">Message</th></tr></thead>
<tbody>
${lines.map(row)}</tbody>
</table>`
}

function row(line: LogLine): Html {
  return html`<tr><td><time datetime="${line.sentAt}">${readableTime(line.sentAt)}</time></td><td>${line.source}</td><td>${line.process}</td><td class="message">${line.message}</td></tr>
`
}

/** 2026-03-01T10:15:20.123456Z -> 2026-03-01 10:15:20.123 */
function readableTime(rfc3339: string): string {
  return rfc3339.slice(0, 23).replace('T', ' ')
}

function paused({ query }: AskedLines, searchedTo: string): Html {
  const older = query.after === undefined
  return html`Searched ${older ? 'back' : ''} to ${readableTime(searchedTo)} so far. “${older ? 'Older' : 'Newer'}” goes on.`
}

function empty(asked: AskedLines, page: LinePage): Html {
  const { typed, query } = asked
  if (page.searchedTo !== null)
    return html`<p class="empty">Nothing found yet. ${paused(asked, page.searchedTo)}</p>`
  if (query.after !== undefined) return html`<p class="empty">Nothing newer has come in yet.</p>`
  if (query.before !== undefined) return html`<p class="empty">There is nothing older.</p>`
  if (typed !== '') return html`<p class="empty">No line that is kept matches.</p>`
  return html`<p class="empty">Waiting for the first lines. Heroku starts sending a minute or so after the add-on was
added; anything your app prints, and every request that it answers, shows up here.</p>`
}
