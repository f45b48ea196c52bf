// GET /resources/:id/overview: the charts. The figures come by the API; without a script there are none.
import { html } from './html.ts'
import type { PageParts } from './page.ts'
import { showScriptPage } from './script-page.ts'

export function showOverview(parts: PageParts) {
  return showScriptPage(parts, {
    page: 'overview',
    title: 'Overview',
    skip: html`<a class="skip" href="#charts">Skip to the charts</a>`,
    content: html`<div class="span-bar js"><div id="spans" class="spans" role="group" aria-label="How far back"></div><span id="looked" class="looked" role="status"></span></div>
<div id="charts" class="charts" aria-busy="true" tabindex="-1"></div>`,
    without: 'The charts need JavaScript.',
  })
}
