// The configuration: the settings of config/settings.ts, read from the environment once at start, completed where one
// depends on another, and frozen. Only this module reads process.env.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { buildOf } from './config/build.ts'
import { DEVELOPMENT_KEY, type SecretKey } from './config/secret-keys.ts'
import {
  printableSettings,
  type Rotated,
  readSettings,
  SettingsError,
  type Values,
} from './config/setting.ts'
import { settings } from './config/settings.ts'
import { DEFAULT_PLANS, type Plan, plansSchema } from './plans.ts'

/** As the settings are declared, with what depends on several of them filled in. */
export type Config = ReturnType<typeof complete>

export type Brand = Config['brand']

/** Thrown when the environment cannot be used. The message is for the person at the terminal: a line for each problem. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/**
 * Reads the settings.
 *
 * In development the add-on's id, password and SSO salt come from the checked-in addon-manifest.json. In production
 * they come from the environment, and the checked-in ones are refused: they are public.
 *
 * @throws ConfigError with one line for each wrong value.
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  return deepFreeze(complete(read(environment)))
}

/** The settings as they may be printed at start, by variable. An allow list: no secret, and nothing undeclared. */
export function printableConfig(config: Config): Record<string, unknown> {
  return printableSettings(settings, config)
}

type Settings = Values<typeof settings> & { production: boolean }

function read(environment: Record<string, string | undefined>): Settings {
  try {
    const values = readSettings(settings, environment)
    return { ...values, production: values.environment === 'production' }
  } catch (error) {
    if (error instanceof SettingsError) throw new ConfigError(error.message)
    throw error
  }
}

function complete(read: Settings) {
  const { production, dyno } = read
  const publicUrl = readPublicUrl(read)
  const drainUrl = read.drainUrl ?? publicUrl.replace(/^http:/, 'https:')
  if (!drainUrl.startsWith('https:'))
    throw new ConfigError('DRAIN_URL must be https: Heroku takes no other drain.')

  return {
    ...read,
    publicUrl,
    drainUrl,
    // The service speaks plain HTTP and production is https: a proxy is in front.
    proxyHops: read.proxyHops ?? (production ? 1 : 0),
    addon: readAddon(read),
    plans: readPlans(read.plans),
    provisioning: readProvisioning(read),
    // addons.heroku.com beside api.heroku.com; a platform with one address for all keeps that.
    herokuAddonsUrl: read.herokuApiUrl.replace('//api.', '//addons.'),
    oauthClientSecrets: readClientSecrets(read.oauthClientSecrets),
    secretKeys: readSecretKeys(read),
    database: {
      ...read.database,
      tls: read.database.tls ?? tlsOf(read.database.url, dyno !== null),
    },
    clickhouse: read.clickhouse.url === null ? null : { ...read.clickhouse, url: read.clickhouse.url },
    spool: {
      ...read.spool,
      // A dyno's disk is gone with the dyno, at least once a day, and acknowledged deliveries with it.
      on: read.spool.on ?? dyno === null,
      directory: join(
        read.spool.directory ?? join(read.dataDirectory, 'spool'),
        databaseName(read.database.url),
      ),
    },
    mail: readMail(read.mail),
    build: buildOf(read.build.commit),
  }
}

function readPublicUrl({ publicUrl, production, port }: Settings): string {
  if (publicUrl === null && production)
    throw new ConfigError('PUBLIC_URL must be set to the https address of this service.')
  if (production && !publicUrl?.startsWith('https:'))
    throw new ConfigError('PUBLIC_URL must be https in production.')
  return publicUrl ?? `http://localhost:${port}`
}

const MANIFEST_PATH = fileURLToPath(new URL('../addon-manifest.json', import.meta.url))

/** The parts of addon-manifest.json that the service itself needs. */
const manifestSchema = z.object({
  id: z.string().min(1),
  api: z.object({ password: z.string().min(1), sso_salt: z.string().min(1) }),
})

function readAddon({ addon, production }: Settings) {
  const development = manifestSchema.parse(JSON.parse(readFileSync(MANIFEST_PATH, 'utf8')))
  if (production) {
    const required = {
      ADDON_ID: addon.id,
      ADDON_PASSWORD: addon.passwords.current,
      ADDON_SSO_SALT: addon.ssoSalts.current,
    }
    for (const [name, value] of Object.entries(required)) {
      if (value === null)
        throw new ConfigError(`${name} must be set in production; it is in your add-on manifest.`)
    }
    if (addon.passwords.current === development.api.password) {
      throw new ConfigError('ADDON_PASSWORD is the development password, which is public; set your own.')
    }
    if (addon.ssoSalts.current === development.api.sso_salt) {
      throw new ConfigError('ADDON_SSO_SALT is the development salt, which is public; set your own.')
    }
  }
  const id = addon.id ?? development.id
  return {
    id,
    /** The manifest's password, then the previous one during a rotation. */
    passwords: present(addon.passwords.current ?? development.api.password, addon.passwords.previous),
    /** The manifest's SSO salt, then the previous one during a rotation. */
    ssoSalts: present(addon.ssoSalts.current ?? development.api.sso_salt, addon.ssoSalts.previous),
    /**
     * The one config var that a customer's app is given; declared in the manifest. Heroku's default prefix is the slug
     * in upper case with underscores (Dev Center: add-on manifest).
     */
    configVar: `${id.toUpperCase().replaceAll('-', '_')}_URL`,
  }
}

function readProvisioning({ provisioning, oauthClientSecrets }: Settings): Settings['provisioning'] {
  if (provisioning === 'asynchronous' && oauthClientSecrets.current === null) {
    throw new ConfigError(
      'PROVISIONING=asynchronous needs HEROKU_CLIENT_SECRET: a provision is completed by calling Heroku.',
    )
  }
  return provisioning
}

function readClientSecrets({ current, previous }: Rotated): readonly string[] {
  if (current === null && previous !== null) {
    throw new ConfigError('HEROKU_CLIENT_SECRET must be set where HEROKU_CLIENT_SECRET_PREVIOUS is.')
  }
  return present(current, previous)
}

function readSecretKeys({ secretKeys, production }: Settings): readonly SecretKey[] {
  if (secretKeys === null && production) {
    throw new ConfigError(
      'SECRET_KEYS must be set in production, to a name and 32 random bytes, as "k1:$(openssl rand -base64 32)" prints them; keep it: what is sealed with a lost key is lost.',
    )
  }
  if (production && secretKeys?.some(({ key }) => key === DEVELOPMENT_KEY.key)) {
    throw new ConfigError('SECRET_KEYS is the development key, which is public; set your own.')
  }
  return secretKeys ?? [DEVELOPMENT_KEY]
}

function readMail({ smtpUrl, from }: Settings['mail']) {
  if (smtpUrl === null && from === null) return null
  if (smtpUrl === null || from === null) {
    throw new ConfigError('SMTP_URL and MAIL_FROM go together: set both, or neither.')
  }
  return { smtpUrl, from }
}

function readPlans(path: string | null): readonly Plan[] {
  if (path === null) return DEFAULT_PLANS
  let data: unknown
  try {
    data = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`PLANS_FILE could not be read: ${(error as Error).message}`)
  }
  const result = plansSchema.safeParse(data)
  if (result.success) return result.data
  const problems = result.error.issues.map((issue) => `${issue.path.join('.') || path}: ${issue.message}`)
  throw new ConfigError(problems.map((problem) => `PLANS_FILE: ${problem}`).join('\n'))
}

/** libpq's reading of sslmode; without one, Heroku's databases require TLS and any other connection stays plain. */
function tlsOf(databaseUrl: string | null, onHeroku: boolean): 'off' | 'require' | 'verify' {
  const mode = /[?&]sslmode=([\w-]+)/.exec(databaseUrl ?? '')?.[1]
  if (mode === 'verify-ca' || mode === 'verify-full') return 'verify'
  if (mode === 'require' || mode === 'prefer' || mode === 'no-verify') return 'require'
  if (mode === 'disable' || mode === 'allow') return 'off'
  return onHeroku && databaseUrl !== null ? 'require' : 'off'
}

/** A directory name for a database, the same for every user and option that connects to it. */
function databaseName(databaseUrl: string | null): string {
  if (databaseUrl === null) return 'embedded'
  const [address = '', query = ''] = databaseUrl.replace(/\/\/[^@/]*@/, '//').split('?')
  const host = new URLSearchParams(query).get('host') ?? ''
  return `database-${createHash('sha256').update(`${address}?${host}`).digest('hex').slice(0, 12)}`
}

function present(...values: (string | null)[]): readonly string[] {
  return values.filter((value) => value !== null)
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  return Object.freeze(value)
}
