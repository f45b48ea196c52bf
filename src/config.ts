// The settings of the service: zod over the environment, read once at start, frozen. Nobody else reads
// process.env. A wrong or missing value ends the start with a sentence that names it.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { DEFAULT_PLANS, type Plan, plansSchema } from './plans.ts'

export interface Brand {
  name: string
  /** #rrggbb */
  colour: string
}

export interface Config {
  production: boolean
  host: string
  port: number
  /** Origin that people and Heroku reach us at, without a trailing slash. */
  publicUrl: string
  /** Origin that Logplex is told to drain to. Always https: Heroku takes no other. */
  drainUrl: string
  addon: {
    /** The slug: the user name of Heroku's Basic auth. */
    id: string
    /** The manifest's password, then the previous one while a rotation is under way. */
    passwords: readonly string[]
    /** The manifest's SSO salt, then the previous one while a rotation is under way. */
    ssoSalts: readonly string[]
    /** The one config var that a customer's app is given; declared in the manifest. */
    configVar: string
  }
  /** asynchronous: Heroku is answered 202, and told when the resource is ready. */
  provisioning: 'synchronous' | 'asynchronous'
  /** What people see on the pages: the name of the product that the add-on is, and its colour. */
  brand: Brand
  herokuApiUrl: string
  /** Where the add-on as a whole is asked about, with its manifest's credentials. */
  herokuAddonsUrl: string
  herokuIdUrl: string
  /** The OAuth client secret of the Partner Portal, then the previous one. None: we never call Heroku. */
  oauthClientSecrets: readonly string[]
  /** What secrets in the database are sealed with: the first seals, each opens. Base64 of 32 bytes. */
  secretKeys: readonly { id: string; key: string }[]
  database: {
    /** Null: start the embedded Postgres. */
    url: string | null
    /** require: TLS without checking the certificate (Heroku Postgres signs its own); verify: checked. */
    tls: 'off' | 'require' | 'verify'
    connections: number
  }
  /** Where lines are kept instead of Postgres; null: nowhere. */
  clickhouse: {
    /** http(s)://user:password@host:port/database, or chdb:./directory */
    url: string
    /** The name that its own configuration gives its cluster; null: it is a single server. */
    cluster: string | null
    /**
     * While lines move there: `fill` keeps them in both and reads Postgres, `read` keeps them in both and reads
     * ClickHouse; `only` has moved.
     */
    mode: 'fill' | 'read' | 'only'
  } | null
  /** Where the embedded Postgres keeps its data. */
  dataDirectory: string
  plans: readonly Plan[]
  sso: {
    /** Take a sign-in that only carries the older SHA-1 token. */
    acceptSha1: boolean
    /** Send the old navigation header, which Heroku deprecated and kensa still asks for. */
    navHeader: boolean
  }
  drain: {
    /** How long a delivery may wait for its commit before it is answered 503; Logplex gives up after 5 s. */
    holdMs: number
    /** Largest body taken, after decompression. */
    bodyLimitBytes: number
    /** Bodies waiting for a commit; above it new ones are held back. */
    queueLimitBytes: number
    /** Commits under way at once. */
    writers: number
  }
  /** Deliveries on local disk while the database is slow or away. */
  spool: {
    on: boolean
    /** Of one database: two services that share a disk must not replay each other's deliveries into theirs. */
    directory: string
    limitBytes: number
    /** A delivery that is not committed by then goes to the spool. */
    afterMs: number
  }
  /** Who may read /metrics; null: nobody in production, this machine and its private network in development. */
  metricsToken: string | null
  /** How e-mail is sent; null: none is. */
  mail: { smtpUrl: string; from: string } | null
  /** Proxies in front of us that each add the address they saw to X-Forwarded-For. */
  proxyHops: number
  limits: {
    /** Of one client address. */
    signInsPerMinute: number
    failedLoginsPerMinute: number
  }
  logLevel: string
}

/** Thrown when the environment cannot be used. The message is for the person at the terminal. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** Everybody can read it here, so production refuses it. */
const DEVELOPMENT_KEY = {
  id: 'development',
  key: createHash('sha256').update('the key of every Culvert in development').digest('base64'),
}

const MANIFEST_PATH = fileURLToPath(new URL('../addon-manifest.json', import.meta.url))

const switchSchema = z.enum(['true', 'false']).transform((value) => value === 'true')
const originSchema = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .refine((value) => /^https?:\/\/[^/?#@]+\/?$/.test(value), 'must be an address without a path')
  .transform((value) => new URL(value).origin)
const megabytes = z.coerce
  .number()
  .positive()
  .transform((value) => Math.round(value * 1_000_000))

const environmentSchema = z.object({
  NODE_ENV: z.string().default('development'),
  HOST: z.string().default('0.0.0.0'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(5_000),
  PUBLIC_URL: originSchema.optional(),
  DRAIN_URL: originSchema.optional(),
  ADDON_ID: z.string().min(1).optional(),
  ADDON_PASSWORD: z.string().min(1).optional(),
  ADDON_PASSWORD_PREVIOUS: z.string().min(1).optional(),
  ADDON_SSO_SALT: z.string().min(1).optional(),
  ADDON_SSO_SALT_PREVIOUS: z.string().min(1).optional(),
  PROVISIONING: z.enum(['synchronous', 'asynchronous']).default('synchronous'),
  BRAND_NAME: z.string().trim().min(1).max(40).default('Culvert'),
  BRAND_COLOUR: z
    .string()
    .regex(/^#[0-9a-f]{6}$/i, 'must be written as #1f6feb')
    .default('#0f766e'),
  HEROKU_API_URL: originSchema.default('https://api.heroku.com'),
  HEROKU_ID_URL: originSchema.default('https://id.heroku.com'),
  HEROKU_CLIENT_SECRET: z.string().min(1).optional(),
  HEROKU_CLIENT_SECRET_PREVIOUS: z.string().min(1).optional(),
  SECRET_KEYS: z.string().min(1).optional(),
  DATABASE_URL: z.string().min(1).optional(),
  DATABASE_TLS: z.enum(['off', 'require', 'verify']).optional(),
  CLICKHOUSE_URL: z
    .string()
    .regex(/^(https?:\/\/\S+|chdb:\S+)$/, 'must be http(s)://… or chdb:./directory')
    .optional(),
  CLICKHOUSE_CLUSTER: z
    .string()
    .regex(/^[\w-]+$/, 'must be a name of letters, digits, _ and -')
    .optional(),
  CLICKHOUSE_MODE: z.enum(['fill', 'read', 'only']).default('only'),
  DATABASE_CONNECTIONS: z.coerce.number().int().min(3).max(500).default(15),
  DATA_DIRECTORY: z.string().min(1).default('data'),
  PLANS_FILE: z.string().min(1).optional(),
  SSO_ACCEPT_SHA1: switchSchema.default(true),
  HEROKU_NAV_HEADER: switchSchema.default(false),
  DRAIN_HOLD_MS: z.coerce.number().int().min(100).max(4_500).default(4_000),
  DRAIN_BODY_LIMIT_MB: megabytes.default(10_000_000),
  DRAIN_QUEUE_LIMIT_MB: megabytes.default(64_000_000),
  DRAIN_WRITERS: z.coerce.number().int().min(1).max(16).default(2),
  METRICS_TOKEN: z
    .string()
    .regex(/^\S{16,}$/, 'must have 16 characters or more, and no space')
    .optional(),
  SMTP_URL: z.url({ protocol: /^smtps?$/, error: 'must be smtp://… or smtps://…' }).optional(),
  MAIL_FROM: z
    .string()
    .regex(/^[^\r\n]*[^\s@<]+@[^\s@>]+>?$/, 'must be an e-mail address, or "Name <address>"')
    .optional(),
  PROXY_HOPS: z.coerce.number().int().min(0).max(5).optional(),
  SIGN_INS_PER_MINUTE: z.coerce.number().int().min(1).default(60),
  FAILED_LOGINS_PER_MINUTE: z.coerce.number().int().min(1).default(20),
  SPOOL: z.enum(['on', 'off']).optional(),
  SPOOL_DIRECTORY: z.string().min(1).optional(),
  SPOOL_LIMIT_MB: megabytes.default(512_000_000),
  SPOOL_AFTER_MS: z.coerce.number().int().min(10).max(3_000).default(600),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  // Set by Heroku on every dyno: tells that DATABASE_URL is a Heroku Postgres, and that the disk will not stay.
  DYNO: z.string().optional(),
})

type Environment = z.infer<typeof environmentSchema>

/** The parts of addon-manifest.json that the service itself needs. */
const manifestSchema = z.object({
  id: z.string().min(1),
  api: z.object({ password: z.string().min(1), sso_salt: z.string().min(1) }),
})

/**
 * Reads the settings.
 *
 * In development the add-on's id, password and SSO salt come from the checked-in addon-manifest.json; in production
 * they come from the environment, and the checked-in ones are refused: everybody knows them.
 *
 * @throws ConfigError with one line for each wrong value.
 */
export function loadConfig(environment: Record<string, string | undefined>): Config {
  const read = environmentSchema.safeParse(dropEmpty(environment))
  if (!read.success) throw new ConfigError(sentences(read.error, 'the environment'))
  const env = read.data
  const production = env.NODE_ENV === 'production'

  const publicUrl = env.PUBLIC_URL ?? (production ? undefined : `http://localhost:${env.PORT}`)
  if (publicUrl === undefined)
    throw new ConfigError('PUBLIC_URL must be set to the https address of this service.')
  if (production && !publicUrl.startsWith('https:'))
    throw new ConfigError('PUBLIC_URL must be https in production.')
  const drainUrl = env.DRAIN_URL ?? publicUrl.replace(/^http:/, 'https:')
  if (!drainUrl.startsWith('https:'))
    throw new ConfigError('DRAIN_URL must be https: Heroku takes no other drain.')

  return deepFreeze({
    production,
    host: env.HOST,
    port: env.PORT,
    publicUrl,
    drainUrl,
    addon: readAddon(env, production),
    provisioning: readProvisioning(env),
    brand: { name: env.BRAND_NAME, colour: env.BRAND_COLOUR },
    herokuApiUrl: env.HEROKU_API_URL,
    // addons.heroku.com beside api.heroku.com; a platform that is all at one address keeps it.
    herokuAddonsUrl: env.HEROKU_API_URL.replace('//api.', '//addons.'),
    herokuIdUrl: env.HEROKU_ID_URL,
    oauthClientSecrets: readClientSecrets(env),
    secretKeys: readSecretKeys(env.SECRET_KEYS, production),
    database: {
      url: env.DATABASE_URL ?? null,
      tls: env.DATABASE_TLS ?? tlsOf(env.DATABASE_URL, env.DYNO !== undefined),
      connections: env.DATABASE_CONNECTIONS,
    },
    clickhouse:
      env.CLICKHOUSE_URL === undefined
        ? null
        : {
            url: env.CLICKHOUSE_URL,
            cluster: env.CLICKHOUSE_CLUSTER ?? null,
            mode: env.CLICKHOUSE_MODE,
          },
    dataDirectory: env.DATA_DIRECTORY,
    plans: readPlans(env.PLANS_FILE),
    sso: { acceptSha1: env.SSO_ACCEPT_SHA1, navHeader: env.HEROKU_NAV_HEADER },
    drain: {
      holdMs: env.DRAIN_HOLD_MS,
      bodyLimitBytes: env.DRAIN_BODY_LIMIT_MB,
      queueLimitBytes: env.DRAIN_QUEUE_LIMIT_MB,
      writers: env.DRAIN_WRITERS,
    },
    spool: {
      // A dyno's disk goes with the dyno, at least once a day: what it had promised would be gone.
      on: env.SPOOL === undefined ? env.DYNO === undefined : env.SPOOL === 'on',
      directory: join(
        env.SPOOL_DIRECTORY ?? join(env.DATA_DIRECTORY, 'spool'),
        databaseName(env.DATABASE_URL),
      ),
      limitBytes: env.SPOOL_LIMIT_MB,
      afterMs: env.SPOOL_AFTER_MS,
    },
    metricsToken: env.METRICS_TOKEN ?? null,
    mail: readMail(env),
    // We speak plain HTTP and production is https: somebody stands in front of us.
    proxyHops: env.PROXY_HOPS ?? (production ? 1 : 0),
    limits: {
      signInsPerMinute: env.SIGN_INS_PER_MINUTE,
      failedLoginsPerMinute: env.FAILED_LOGINS_PER_MINUTE,
    },
    logLevel: env.LOG_LEVEL,
  })
}

/** The settings as they may be printed at start: every secret replaced, the database's password too. */
export function redactConfig(config: Config): object {
  const { url } = config.database
  return {
    ...config,
    metricsToken: config.metricsToken === null ? null : '[redacted]',
    mail: config.mail && { ...config.mail, smtpUrl: '[redacted]' },
    oauthClientSecrets: config.oauthClientSecrets.map(() => '[redacted]'),
    secretKeys: config.secretKeys.map(({ id }) => ({ id, key: '[redacted]' })),
    addon: { ...config.addon, passwords: '[redacted]', ssoSalts: '[redacted]' },
    database: { ...config.database, url: url === null ? null : withoutPassword(url) },
    clickhouse: config.clickhouse && { ...config.clickhouse, url: withoutPassword(config.clickhouse.url) },
  }
}

function withoutPassword(url: string): string {
  return url.replace(/\/\/[^@/]*@/, '//[redacted]@').replace(/([?&](?:password|user)=)[^&]*/g, '$1[redacted]')
}

function readAddon(env: Environment, production: boolean): Config['addon'] {
  const development = manifestSchema.parse(JSON.parse(readFileSync(MANIFEST_PATH, 'utf8')))
  const required = {
    ADDON_ID: env.ADDON_ID,
    ADDON_PASSWORD: env.ADDON_PASSWORD,
    ADDON_SSO_SALT: env.ADDON_SSO_SALT,
  }
  if (production) {
    for (const [name, value] of Object.entries(required)) {
      if (value === undefined)
        throw new ConfigError(`${name} must be set in production; it is in your add-on manifest.`)
    }
    if (env.ADDON_PASSWORD === development.api.password) {
      throw new ConfigError('ADDON_PASSWORD is the development password that everybody knows; set your own.')
    }
    if (env.ADDON_SSO_SALT === development.api.sso_salt) {
      throw new ConfigError('ADDON_SSO_SALT is the development salt that everybody knows; set your own.')
    }
  }
  const id = env.ADDON_ID ?? development.id
  return {
    id,
    passwords: present(env.ADDON_PASSWORD ?? development.api.password, env.ADDON_PASSWORD_PREVIOUS),
    ssoSalts: present(env.ADDON_SSO_SALT ?? development.api.sso_salt, env.ADDON_SSO_SALT_PREVIOUS),
    // Heroku's default prefix is the slug in upper case with underscores (Dev Center: add-on manifest).
    configVar: `${id.toUpperCase().replaceAll('-', '_')}_URL`,
  }
}

function readProvisioning(env: Environment): Config['provisioning'] {
  if (env.PROVISIONING === 'asynchronous' && env.HEROKU_CLIENT_SECRET === undefined) {
    throw new ConfigError(
      'PROVISIONING=asynchronous needs HEROKU_CLIENT_SECRET: a provision is completed by calling Heroku.',
    )
  }
  return env.PROVISIONING
}

function readClientSecrets(env: Environment): string[] {
  if (env.HEROKU_CLIENT_SECRET === undefined && env.HEROKU_CLIENT_SECRET_PREVIOUS !== undefined) {
    throw new ConfigError('HEROKU_CLIENT_SECRET must be set where HEROKU_CLIENT_SECRET_PREVIOUS is.')
  }
  return present(env.HEROKU_CLIENT_SECRET, env.HEROKU_CLIENT_SECRET_PREVIOUS)
}

/**
 * Keys with commas between, each `id:key`. A key is 32 bytes in base64 (`openssl rand -base64 32`) or in hex, which is
 * how Heroku generates one for a button; its id may be left out and is then made of the key.
 */
function readSecretKeys(text: string | undefined, production: boolean): Config['secretKeys'] {
  if (text === undefined) {
    if (!production) return [DEVELOPMENT_KEY]
    throw new ConfigError(
      'SECRET_KEYS must be set in production, to a name and 32 random bytes, as "k1:$(openssl rand -base64 32)" prints them; keep it: what is sealed with a lost key is lost.',
    )
  }
  const keys = text.split(',').map((entry) => readSecretKey(entry.trim()))
  if (new Set(keys.map(({ id }) => id)).size < keys.length) {
    throw new ConfigError('SECRET_KEYS: two keys have the same name.')
  }
  if (production && keys.some(({ key }) => key === DEVELOPMENT_KEY.key)) {
    throw new ConfigError('SECRET_KEYS is the development key that everybody knows; set your own.')
  }
  return keys
}

function readSecretKey(entry: string): { id: string; key: string } {
  const [, id, digits = ''] = /^(?:([\w-]{1,32}):)?(.*)$/s.exec(entry) ?? []
  const isHex = /^[0-9a-f]{64}$/i.test(digits)
  const bytes = Buffer.from(digits, isHex ? 'hex' : 'base64')
  // Node's reading of base64 is lenient; a typing mistake must not become another key.
  const isBase64 = /^[\w+/-]{43}=?$/.test(digits)
  if ((!isHex && !isBase64) || bytes.length !== 32) {
    throw new ConfigError(
      'SECRET_KEYS: each key must be "name:" and 32 bytes in base64 (openssl rand -base64 32).',
    )
  }
  const key = bytes.toString('base64')
  return { id: id ?? createHash('sha256').update(bytes).digest('hex').slice(0, 8), key }
}

function readMail({ SMTP_URL: smtpUrl, MAIL_FROM: from }: Environment): Config['mail'] {
  if (smtpUrl === undefined && from === undefined) return null
  if (smtpUrl === undefined || from === undefined) {
    throw new ConfigError('SMTP_URL and MAIL_FROM go together: set both, or neither.')
  }
  return { smtpUrl, from }
}

function readPlans(path: string | undefined): readonly Plan[] {
  if (path === undefined) return DEFAULT_PLANS
  let data: unknown
  try {
    data = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new ConfigError(`PLANS_FILE could not be read: ${(error as Error).message}`)
  }
  const read = plansSchema.safeParse(data)
  if (!read.success) throw new ConfigError(sentences(read.error, `PLANS_FILE (${path})`))
  return read.data
}

/** libpq's reading of sslmode; without one, Heroku's databases want TLS and anything else is left plain. */
function tlsOf(databaseUrl: string | undefined, onHeroku: boolean): Config['database']['tls'] {
  const mode = /[?&]sslmode=([\w-]+)/.exec(databaseUrl ?? '')?.[1]
  if (mode === 'verify-ca' || mode === 'verify-full') return 'verify'
  if (mode === 'require' || mode === 'prefer' || mode === 'no-verify') return 'require'
  if (mode === 'disable' || mode === 'allow') return 'off'
  return onHeroku && databaseUrl !== undefined ? 'require' : 'off'
}

/** The same for the same database, whoever connects to it and how. */
function databaseName(databaseUrl: string | undefined): string {
  if (databaseUrl === undefined) return 'embedded'
  const [address = '', query = ''] = databaseUrl.replace(/\/\/[^@/]*@/, '//').split('?')
  const host = new URLSearchParams(query).get('host') ?? ''
  return `database-${createHash('sha256').update(`${address}?${host}`).digest('hex').slice(0, 12)}`
}

function present(...values: (string | undefined)[]): string[] {
  return values.filter((value) => value !== undefined)
}

/** An empty variable is how many tools say "not set". */
function dropEmpty(environment: Record<string, string | undefined>): Record<string, string | undefined> {
  return Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
}

function sentences(error: z.ZodError, where: string): string {
  return error.issues.map((issue) => `${issue.path.join('.') || where}: ${issue.message}`).join('\n')
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  return Object.freeze(value)
}
