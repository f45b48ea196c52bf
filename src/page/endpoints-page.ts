// GET /resources/:id/endpoints: where the lines are sent on to, how that is going, and what a format makes of them.
import { html } from './html.ts'
import type { PageParts } from './page.ts'
import { showScriptPage } from './script-page.ts'

export function showEndpoints(parts: PageParts) {
  return showScriptPage(parts, {
    page: 'endpoints',
    title: 'Log endpoints',
    skip: html`<a class="skip" href="#endpoints">Skip to the log endpoints</a>`,
    content: html`<p id="looked" class="looked" role="status"></p>
<div id="endpoints" class="endpoints" aria-busy="true" tabindex="-1"></div>
<section id="preview" class="card preview js" aria-label="Preview"></section>
<section id="how" class="card js" aria-label="How to"></section>`,
    without: 'This page needs JavaScript. The API has the same at …/log-endpoints.',
  })
}
