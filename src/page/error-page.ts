// An error as a page: what happened and what to do now. Pure; never a stack, never a detail that is not public.

import { DASHBOARD_URL } from '../api/dashboard.ts'
import type { Brand } from '../config.ts'
import type { AppError, ErrorCode } from '../errors.ts'
import { type Html, html } from './html.ts'
import { document, mark, PAGE_HEADERS } from './layout.ts'

export interface ErrorPage {
  status: number
  headers: Record<string, string>
  body: string
}

const TITLES: Partial<Record<ErrorCode, string>> = {
  sso_refused: 'You could not be signed in',
  sso_by_post: 'Open this from Heroku',
  session_required: 'You are not signed in',
  resource_unknown: 'There is no such resource',
  resource_gone: 'This add-on was removed',
  not_found: 'There is nothing here',
  invalid_params: 'This address cannot be used',
  malformed_request: 'This request could not be read',
}

const OPEN_AGAIN = html`<p>Open the add-on again from <a href="${DASHBOARD_URL}">your Heroku dashboard</a>, on the
Resources tab of your app, or with <code>heroku addons:open</code>.</p>`

const WHAT_TO_DO: Partial<Record<ErrorCode, Html>> = {
  session_required: html`<p>These logs are for people who have access to the app on Heroku. A session lasts 90 minutes
and is for one add-on only.</p>${OPEN_AGAIN}<p>If you do so within a quarter of an hour, you come back to what you asked for.</p>`,
  resource_gone: html`<p>Its logs can no longer be read here. To collect logs again, add it to your app once more from
<a href="${DASHBOARD_URL}">your Heroku dashboard</a>.</p>`,
  // Its message says it already.
  unavailable: html``,
  not_found: OPEN_AGAIN,
  sso_refused: OPEN_AGAIN,
  sso_by_post: OPEN_AGAIN,
  resource_unknown: OPEN_AGAIN,
  malformed_request: OPEN_AGAIN,
  invalid_params: html`<p>Go back and try another search, or start from the newest lines.</p>`,
}

export function createErrorPages(brand: Brand): (error: AppError) => ErrorPage {
  return (error) => {
    const title = TITLES[error.code] ?? 'Something went wrong'
    const next = WHAT_TO_DO[error.code] ?? html`<p>Please try again in a few minutes.</p>`
    const body = html`<main class="notice"><p class="brand">${mark()}${brand.name}</p><h1>${title}</h1><p>${error.message}</p>${next}</main>`
    return {
      status: error.status,
      headers: PAGE_HEADERS,
      body: document({ title, brand, body, look: 'error-page' }),
    }
  }
}
