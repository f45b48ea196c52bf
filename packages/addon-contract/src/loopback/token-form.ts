// Reads a call of /oauth/token in every format that add-ons use; the rules judge the format. Pure.
import type { IncomingHttpHeaders } from 'node:http'

export interface TokenCall {
  /** The fields, whether from body, query or header. */
  form: URLSearchParams
  /** Whether a code or a secret is in the URL, and so in logs. */
  secretInUrl: boolean
  /** Whether the body is `application/x-www-form-urlencoded`. */
  isForm: boolean
}

export function readTokenForm(url: string, headers: IncomingHttpHeaders, body: Buffer): TokenCall {
  const query = new URLSearchParams(url.split('?')[1] ?? '')
  const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
  const form = new URLSearchParams(isForm ? body.toString() : fromJson(body.toString()))
  for (const [name, value] of query) form.set(name, value)
  // The secret may be the password of HTTP Basic instead (heroku/identity).
  const basic = /^Basic (\S+)$/.exec(headers.authorization ?? '')?.[1]
  if (basic !== undefined && !form.has('client_secret')) {
    form.set('client_secret', Buffer.from(basic, 'base64').toString().split(':').slice(1).join(':'))
  }
  const secretInUrl = ['code', 'client_secret', 'refresh_token'].some((name) => query.has(name))
  return { form, secretInUrl, isForm }
}

function fromJson(text: string): Record<string, string> {
  try {
    const value: unknown = JSON.parse(text)
    const entries = Object.entries(value as object).filter(([, one]) => typeof one === 'string')
    return Object.fromEntries(entries)
  } catch {
    return {}
  }
}
