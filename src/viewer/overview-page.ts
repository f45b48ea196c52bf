// GET /resources/:id/overview: the charts. The figures come by the API; without a script there are none.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { html } from './html.ts'
import { document, PAGE_HEADERS } from './layout.ts'
import type { PageParts } from './page.ts'
import { readerOf } from './session.ts'
import { bar } from './shell.ts'
import { readToday } from './usage.ts'

export function showOverview(parts: PageParts) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const { resource, session } = readerOf(request)
    const [apps, today] = await Promise.all([parts.appNames(resource.number), readToday(parts, resource)])
    const page = document({
      title: `Overview of ${resource.name ?? resource.id}`,
      brand: parts.brand,
      look: 'overview',
      script: 'overview',
      body: html`<a class="skip" href="#charts">Skip to the charts</a>
${bar({
  resource,
  brand: parts.brand,
  fromApp: session?.app ?? null,
  apps,
  today,
  retentionDays: parts.retentionDaysOf(resource.plan ?? ''),
  page: 'overview',
  navHeader: parts.navHeader,
})}
<main>
<div class="span-bar js"><div id="spans" class="spans" role="group" aria-label="How far back"></div><span id="looked" class="looked" role="status"></span></div>
<div id="charts" class="charts" aria-busy="true" tabindex="-1"></div>
<noscript><p class="notice">The charts need JavaScript.</p></noscript>
<p id="said" class="said" role="status" aria-live="polite"></p>
</main>`,
    })
    return reply.headers(PAGE_HEADERS).send(page)
  }
}
