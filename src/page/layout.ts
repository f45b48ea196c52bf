// What all our pages share: the document around them and the headers they are sent with.
import type { Brand } from '../config.ts'
import { brandPath, STYLE_PATH, scriptPath } from './assets.ts'
import { type Html, html } from './html.ts'

/** Nothing runs on our pages but our own script, and nothing is fetched from elsewhere, whatever a log line may say. */
export const PAGE_HEADERS: Record<string, string> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    // No text becomes markup by script either, not even by mistake.
    "require-trusted-types-for 'script'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Lines of a log, in the brand's colour. */
export function mark(): Html {
  return html`<svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true"><path d="M2 4.5h14M2 9h9M2 13.5h12" fill="none" stroke="currentColor" stroke-width="2.5" stroke-linecap="round"/></svg>`
}

export interface DocumentParts {
  title: string
  brand: Brand
  body: Html
  /** Class names of the body. */
  look?: string
  script?: 'page' | 'overview' | 'endpoints'
}

export function document({ title, brand, body, look, script }: DocumentParts): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · ${brand.name}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${STYLE_PATH}">
<link rel="stylesheet" href="${brandPath(brand)}">
${
  script !== undefined &&
  html`<script defer src="${scriptPath('guard')}"></script>
<script type="module" src="${scriptPath(script)}"></script>`
}
</head>
<body${look !== undefined && html` class="${look}"`}>
${body}
</body>
</html>
`.markup
}
