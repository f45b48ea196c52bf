// Whether Heroku accepts a `config`: the same checks for the answers to a provision and a plan change, and for a PATCH.
import type { Exchange } from './exchange.ts'
import { fail, pass, type Verdict } from './rule.ts'

export function areDeclared(config: unknown, declared: readonly string[], exchange: Exchange): Verdict {
  const undeclared = Object.keys(asObject(config)).filter((name) => !declared.includes(name))
  if (undeclared.length === 0) return pass
  return fail(
    `config has ${undeclared.join(', ')}, and api.config_vars of the manifest does not`,
    [exchange],
    'Declare it in the manifest and push that, or omit it.',
  )
}

export function areStrings(config: unknown, exchange: Exchange): Verdict {
  if (config === undefined) return pass
  if (typeof config !== 'object' || config === null || Array.isArray(config))
    return fail(`config is ${Array.isArray(config) ? 'an array' : typeof config}, not an object`, [exchange])
  const wrong = Object.entries(config).filter(([, value]) => typeof value !== 'string')
  if (wrong.length === 0) return pass
  return fail(`config ${wrong.map(([name]) => name).join(', ')}: the value is not a string`, [exchange])
}

/** Names that end in _URL hold addresses (heroku/kensa, "URL configs vars"). */
export function areUrls(config: unknown, production: boolean, exchange: Exchange): Verdict {
  for (const [name, value] of Object.entries(asObject(config))) {
    if (!name.endsWith('_URL') || typeof value !== 'string') continue
    // URL repairs https:/nowhere, which most other libraries do not.
    const isWhole = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]/i.test(value) && URL.canParse(value)
    const host = isWhole ? new URL(value).hostname : ''
    if (host === '') return fail(`config ${name} is not an address with a scheme and a host`, [exchange])
    if (production && host === 'localhost')
      return fail(`config ${name} names localhost, which is the customer's own dyno`, [exchange])
  }
  return pass
}

/** The values that are strings. */
export function stringsOf(config: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(asObject(config)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  )
}

export function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {}
}
