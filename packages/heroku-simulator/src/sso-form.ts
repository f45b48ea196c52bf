// The form that a browser posts to an add-on when a user opens it from Heroku, and the page that posts it. Pure. Field
// names and tokens: Dev Center add-on single sign-on (Feb 2026), heroku/cli SsoParams.
import { createHash } from 'node:crypto'

export interface SsoPerson {
  userId: string
  email: string
  /** The app that owns and pays for the resource. */
  app: string
  /** The app from whose page the user came. */
  contextApp: string
}

export interface SsoForm {
  url: string
  fields: Record<string, string>
}

export function ssoForm(
  addon: { ssoUrl: string; ssoSalt: string },
  resourceId: string,
  person: SsoPerson,
  /** Seconds since 1970. */
  timestamp: number,
): SsoForm {
  const { userId, email } = person
  return {
    url: addon.ssoUrl,
    fields: {
      resource_id: resourceId,
      user_scoped_resource_token: digest('sha256', [resourceId, addon.ssoSalt, timestamp, userId, email]),
      // Covers neither the user nor the apps.
      resource_token: digest('sha1', [resourceId, addon.ssoSalt, timestamp]),
      timestamp: String(timestamp),
      user_id: userId,
      email,
      app: person.app,
      context_app: person.contextApp,
    },
  }
}

function digest(algorithm: 'sha1' | 'sha256', parts: (string | number)[]): string {
  return createHash(algorithm).update(parts.join(':')).digest('hex')
}

/** A page that submits the form by itself; without JavaScript it has a button. */
export function ssoPage({ url, fields }: SsoForm): string {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Signing in</title>
<p>Signing you in, as a click in the Heroku dashboard would.</p>
<form method="post" action="${escapeHtml(url)}">
${inputs.join('\n')}
<noscript><button>Sign in</button></noscript>
</form>
<script>document.forms[0].submit()</script>
</html>
`
}

function escapeHtml(text: string): string {
  const names: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  return text.replace(/[&<>"]/g, (character) => names[character] as string)
}
