// A page that its script fills from the API: the bar on top, and what the script finds below it.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { readerOf } from '../access/session.ts'
import { type Html, html } from './html.ts'
import { document, PAGE_HEADERS } from './layout.ts'
import type { PageParts } from './page.ts'
import { bar, barParts } from './shell.ts'
import { readToday } from './usage.ts'

export interface ScriptPage {
  /** Its tab and its script. */
  page: 'overview' | 'endpoints'
  /** `Overview`: in front of the resource's name. */
  title: string
  skip: Html
  content: Html
  /** Where no script runs. */
  without: string
}

export function showScriptPage(parts: PageParts, { page, title, skip, content, without }: ScriptPage) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const reader = readerOf(request)
    const { resource } = reader
    const [apps, today] = await Promise.all([parts.appNames(resource.number), readToday(parts, resource)])
    const shown = document({
      title: `${title} of ${resource.name}`,
      brand: parts.brand,
      look: 'sheet',
      script: page,
      body: html`${skip}
${bar(barParts(parts, reader, { apps, today, page }))}
<main>
${content}
<noscript><p class="notice">${without}</p></noscript>
<p id="said" class="said" role="status" aria-live="polite"></p>
</main>`,
    })
    return reply.headers(PAGE_HEADERS).send(shown)
  }
}
