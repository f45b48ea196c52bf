// A new manifest for the Add-on Partner API v3. Pure: randomness is an argument.
import { prefixOf } from './view.ts'

export interface NewManifest {
  id: string
  name: string
  /** Where the add-on will be deployed, without a path: https://logs.acme.com */
  origin: string
  requires: readonly string[]
  /** Returns a new secret each time. */
  secret(): string
}

/** The default of `npm start` and of `heroku local`. */
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

/** The slug of a name: acme-logs of "Acme Logs". Empty if no character of it can be in a slug. */
export function slugOf(name: string): string {
  return name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')
}

/** The name of a slug: "Acme Logs" of acme-logs. */
export function nameOf(slug: string): string {
  return slug
    .split('-')
    .filter((word) => word !== '')
    .map((word) => `${word[0]?.toUpperCase()}${word.slice(1)}`)
    .join(' ')
}
