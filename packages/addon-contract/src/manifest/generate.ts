// A new manifest for the Add-on Partner API v3. Pure: randomness comes in.
import { prefixOf } from './view.ts'

export interface NewManifest {
  id: string
  name: string
  /** Where the add-on will be deployed, without a path: https://logs.acme.com */
  origin: string
  requires: readonly string[]
  /** Gives another secret each time. */
  secret(): string
}

/** Of `npm start`, and of Heroku's own `heroku local`. */
const TEST_ORIGIN = 'http://localhost:5000'

export function generateManifest({ id, name, origin, requires, secret }: NewManifest) {
  const prefix = prefixOf(id)
  return {
    id,
    name,
    api: {
      version: '3',
      config_vars_prefix: prefix,
      config_vars: [`${prefix}_URL`],
      password: secret(),
      sso_salt: secret(),
      regions: ['us', 'eu'],
      requires: [...requires],
      production: addresses(origin),
      test: addresses(TEST_ORIGIN),
    },
  }
}

function addresses(origin: string) {
  return { base_url: `${origin}/heroku/resources`, sso_url: `${origin}/sso/login` }
}

/** The slug that a name makes: "Acme Logs" has acme-logs. Empty where nothing of it can be in one. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
}

/** The name that a slug makes: acme-logs has "Acme Logs". */
export function nameOf(slug: string): string {
  return slug
    .split('-')
    .filter((word) => word !== '')
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join(' ')
}
