// What the pages have in common: the bar on top, which says whose logs these are and leads back to Heroku. Pure.

import type { Reader } from '../access/session.ts'
import { appUrl } from '../api/dashboard.ts'
import type { Brand } from '../config.ts'
import type { Apps } from '../query/line-view.ts'
import type { LiveResource } from '../resources/resource.ts'
import { type Html, html } from './html.ts'
import { mark } from './layout.ts'
import { bytes } from './reading/units.ts'
import type { Today } from './usage.ts'

export interface BarParts {
  resource: LiveResource
  brand: Brand
  /** The app whose page the person came from, as they say; to lead back to. */
  fromApp: string | null
  apps: Apps
  today: Today
  retentionDays: number
  page: 'logs' | 'overview' | 'endpoints'
  /** Leave the element where Heroku's old navigation header went; kensa looks for it. */
  navHeader: boolean
}

/** Of a page for whoever was let in. */
export function barParts(
  {
    brand,
    navHeader,
    retentionDaysOf,
  }: Pick<BarParts, 'brand' | 'navHeader'> & {
    retentionDaysOf(plan: string): number
  },
  { resource, session }: Reader,
  shown: Pick<BarParts, 'apps' | 'today' | 'page'>,
): BarParts {
  return {
    ...shown,
    resource,
    brand,
    fromApp: session?.app ?? null,
    retentionDays: retentionDaysOf(resource.plan),
    navHeader,
  }
}

export function bar(parts: BarParts): Html {
  const { resource, brand, fromApp, apps, page } = parts
  const names = [...new Set(apps.values())].sort()
  const home = `/resources/${resource.id}`
  const tab = (name: BarParts['page'], address: string, text: string) =>
    html`<a href="${address}"${page === name && html` aria-current="page"`}>${text}</a>`
  return html`${parts.navHeader && html`<div id="heroku-header"></div>`}
<header class="bar">
<a class="brand" href="${home}">${mark()}${brand.name}</a>
<h1>${resource.name}</h1>
${names.length > 1 && page === 'logs' ? appSwitch(names) : html`<span class="of-app">${fromApp ?? names[0] ?? ''}</span>`}
<nav class="tabs" aria-label="Views">${tab('logs', home, 'Logs')}${tab('overview', `${home}/overview`, 'Overview')}${tab('endpoints', `${home}/endpoints`, 'Endpoints')}</nav>
${usageLine(parts)}
<a class="back" href="${appUrl(fromApp)}">Heroku<span class="wide"> dashboard</span></a>
</header>`
}

function appSwitch(names: readonly string[]): Html {
  return html`<label class="apps"><span class="hidden">App</span><select id="apps"><option value="">All ${names.length} apps</option>${names.map((name) => html`<option value="${name}">${name}</option>`)}</select></label>`
}

/** What is used of the day's volume, and for how long lines are kept: in sight before it bites. */
function usageLine({ resource, today, retentionDays }: BarParts): Html {
  const share = today.bytes / today.dailyBytes
  const percent = Math.floor(share * 100)
  const look = today.droppedLines > 0 ? 'meter over' : share > 0.8 ? 'meter high' : 'meter'
  const width = Math.max(1, Math.round(Math.min(1, share) * 64))
  return html`<a class="usage" id="usage" href="/resources/${resource.id}/usage"><svg class="${look}" width="64" height="8" viewBox="0 0 64 8" aria-hidden="true"><rect class="rail" width="64" height="8" rx="2"/><rect class="fill" width="${width}" height="8" rx="2"/></svg><span class="usage-share">${percent}% of ${bytes(today.dailyBytes)}<span class="wide"> today</span></span><span class="plan">${resource.plan}<span class="wide"> · ${retentionDays} days</span></span></a>`
}
