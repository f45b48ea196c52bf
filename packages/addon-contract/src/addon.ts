// What the tester knows of an add-on: its manifest with the addresses of one environment. It only has to be usable; the
// rules in manifest/ judge it.
import { z } from 'zod'

export interface Addon {
  id: string
  password: string
  ssoSalt: string | null
  /** Without a trailing slash: `https://…/heroku/resources`. */
  baseUrl: string
  ssoUrl: string | null
  configVars: readonly string[]
  requires: readonly string[]
}

/** The run cannot start: exit status 2. */
export class CannotRun extends Error {
  override name = 'CannotRun'
}

const addresses = z.object({ base_url: z.url(), sso_url: z.url().optional() })
const manifestSchema = z.object({
  id: z.string(),
  api: z.object({
    password: z.string(),
    sso_salt: z.string().optional(),
    config_vars: z.array(z.string()).default([]),
    requires: z.array(z.string()).default([]),
    production: z.union([addresses, z.url()]).optional(),
    test: z.union([addresses, z.url()]).optional(),
  }),
})

/**
 * @param data the manifest's JSON
 * @throws CannotRun if no call can be made
 */
export function readAddon(data: unknown, production: boolean): Addon {
  const result = manifestSchema.safeParse(data)
  if (!result.success) {
    const what = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ')
    throw new CannotRun(`The manifest cannot be used: ${what}. Run test manifest for details.`)
  }
  const { id, api } = result.data
  const environment = production ? 'production' : 'test'
  const given = api[environment]
  if (given === undefined) {
    const hint = production
      ? ''
      : ' Add it with the address of the add-on on this machine, or use --production.'
    throw new CannotRun(`The manifest has no api.${environment}.${hint}`)
  }
  const common = {
    id,
    password: api.password,
    ssoSalt: api.sso_salt ?? null,
    configVars: api.config_vars,
    requires: api.requires,
  }
  // The old format: one address for everything, and sign-in by GET, which v3 does not have.
  if (typeof given === 'string')
    return { ...common, baseUrl: `${trimSlash(given)}/heroku/resources`, ssoUrl: null }
  return { ...common, baseUrl: trimSlash(given.base_url), ssoUrl: given.sso_url ?? null }
}

function trimSlash(url: string): string {
  return url.replace(/(?<!\/)\/+$/, '')
}
