import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { listSettings } from '../src/config/setting.ts'
import { settings } from '../src/config/settings.ts'
import { type Config, ConfigError, loadConfig, printableConfig } from '../src/config.ts'
import { DEFAULT_PLANS } from '../src/plans.ts'

const manifest = JSON.parse(readFileSync(new URL('../addon-manifest.json', import.meta.url), 'utf8'))

const PRODUCTION = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://logs.example.com',
  ADDON_ID: 'acme-logs',
  ADDON_PASSWORD: 'a password of our own',
  ADDON_SSO_SALT: 'a salt of our own',
  DATABASE_URL: 'postgres://u:p@db.example.com/culvert',
  SECRET_KEYS: `k1:${Buffer.alloc(32, 'k').toString('base64')}`,
}

describe('in development', () => {
  it('starts with nothing set, on the checked-in manifest', () => {
    const config = loadConfig({})
    expect(config.addon).toEqual({
      id: manifest.id,
      passwords: [manifest.api.password],
      ssoSalts: [manifest.api.sso_salt],
      configVar: 'CULVERT_URL',
    })
    expect(config.publicUrl).toBe('http://localhost:5000')
    expect(config.drainUrl).toBe('https://localhost:5000')
    expect(config.database).toMatchObject({ url: null, tls: 'off' })
    expect(config.plans).toEqual(DEFAULT_PLANS)
  })

  it('shows no part of a password in the log, whatever is in it', () => {
    const url = 'postgres://culvert:pa/ss@w?rd@db.example.com/culvert?password=pass'
    const printed = JSON.stringify(printableConfig(loadConfig({ DATABASE_URL: url })))
    expect(printed).toContain('postgres://[redacted]@db.example.com/culvert?password=[redacted]')
  })

  it('takes an empty variable for one that is not set', () => {
    expect(loadConfig({ PORT: '', DATABASE_URL: '' }).port).toBe(5_000)
  })
})

it.each(['Production', 'prod', 'staging', ' production'])('refuses NODE_ENV=%s', (environment) => {
  expect(() => loadConfig({ ...PRODUCTION, NODE_ENV: environment })).toThrow(
    /^NODE_ENV: must be development, production or test$/,
  )
})

describe('in production', () => {
  it('starts on settings of its own', () => {
    expect(loadConfig(PRODUCTION).addon).toMatchObject({ id: 'acme-logs', configVar: 'ACME_LOGS_URL' })
  })

  it.each(['PUBLIC_URL', 'ADDON_ID', 'ADDON_PASSWORD', 'ADDON_SSO_SALT', 'SECRET_KEYS'])(
    'refuses to start without %s',
    (name) => {
      expect(() => loadConfig({ ...PRODUCTION, [name]: undefined })).toThrow(new RegExp(`^${name} `))
    },
  )

  it('refuses to start on the secrets that are public in the repository', () => {
    const f = (name: string, value: string) =>
      expect(() => loadConfig({ ...PRODUCTION, [name]: value })).toThrow(
        new RegExp(`^${name} is the development`),
      )
    f('ADDON_PASSWORD', manifest.api.password)
    f('ADDON_SSO_SALT', manifest.api.sso_salt)
    const [development] = loadConfig({}).secretKeys
    f('SECRET_KEYS', `mine:${development?.key}`)
  })

  it('refuses a plain http address', () => {
    expect(() => loadConfig({ ...PRODUCTION, PUBLIC_URL: 'http://logs.example.com' })).toThrow(
      /^PUBLIC_URL must be https/,
    )
    expect(() => loadConfig({ ...PRODUCTION, DRAIN_URL: 'http://in.example.com' })).toThrow(
      /^DRAIN_URL must be https/,
    )
  })

  it('takes the previous password and salt beside the new ones while they are rotated', () => {
    const config = loadConfig({
      ...PRODUCTION,
      ADDON_PASSWORD_PREVIOUS: 'old',
      ADDON_SSO_SALT_PREVIOUS: 'older',
    })
    expect(config.addon.passwords).toEqual(['a password of our own', 'old'])
    expect(config.addon.ssoSalts).toEqual(['a salt of our own', 'older'])
  })
})

it('names each value that is wrong', () => {
  const f = (environment: Record<string, string>, name: RegExp) => {
    expect(() => loadConfig(environment)).toThrow(ConfigError)
    expect(() => loadConfig(environment)).toThrow(name)
  }
  f({ PORT: 'http' }, /^PORT: /)
  f({ PUBLIC_URL: 'localhost' }, /^PUBLIC_URL: must be an http\(s\) address/)
  f({ PUBLIC_URL: 'https://example.com/culvert' }, /^PUBLIC_URL: must be an address without a path/)
  f({ SSO_ACCEPT_SHA1: 'maybe' }, /^SSO_ACCEPT_SHA1: /)
  f({ PORT: 'x', DRAIN_WRITERS: '0' }, /PORT: .*\nDRAIN_WRITERS: /)
  f({ PLANS_FILE: '/nowhere.json' }, /^PLANS_FILE could not be read/)
})

it('decides about TLS to the database by sslmode, else by being on Heroku', () => {
  const f = (environment: Record<string, string>, tls: string) =>
    expect(loadConfig(environment).database.tls).toBe(tls)
  f({ DATABASE_URL: 'postgres://h/db' }, 'off')
  f({ DATABASE_URL: 'postgres://h/db', DYNO: 'web.1' }, 'require')
  f({ DATABASE_URL: 'postgres://h/db?sslmode=disable', DYNO: 'web.1' }, 'off')
  f({ DATABASE_URL: 'postgres://h/db?sslmode=require' }, 'require')
  f({ DATABASE_URL: 'postgres://h/db?x=y&sslmode=verify-full' }, 'verify')
  f({ DATABASE_URL: 'postgres://h/db', DATABASE_TLS: 'verify' }, 'verify')
})

it('reads other plans from a file, and refuses a file that makes no sense', () => {
  const path = join(mkdtempSync(join(tmpdir(), 'culvert-plans-')), 'plans.json')
  const plan = { slug: 'gold', dailyBytes: 1, retentionDays: 3 }
  writeFileSync(path, JSON.stringify([plan]))
  expect(loadConfig({ PLANS_FILE: path }).plans).toEqual([plan])
  writeFileSync(path, JSON.stringify([plan, plan]))
  expect(() => loadConfig({ PLANS_FILE: path })).toThrow(/two plans share a slug/)
  writeFileSync(path, JSON.stringify([{ ...plan, retentionDays: 0 }]))
  expect(() => loadConfig({ PLANS_FILE: path })).toThrow(/retentionDays/)
})

describe('SECRET_KEYS', () => {
  const base64 = Buffer.alloc(32, 'k').toString('base64')
  const hex = Buffer.alloc(32, 'h').toString('hex')
  const keys = (text: string) => loadConfig({ SECRET_KEYS: text }).secretKeys

  it('takes several keys, in base64 or hex, with a name or with one made of the key', () => {
    expect(keys(`new:${hex}, old:${base64}`)).toEqual([
      { id: 'new', key: Buffer.alloc(32, 'h').toString('base64') },
      { id: 'old', key: base64 },
    ])
    expect(keys(hex)).toEqual([{ id: expect.stringMatching(/^[0-9a-f]{8}$/), key: expect.any(String) }])
  })

  it('refuses what is no key, and two of one name, without repeating them', () => {
    for (const wrong of ['k1:short', `k1:${base64}x`, 'k1:', `a b:${base64}`, `k1:${base64},k1:${hex}`]) {
      expect(() => keys(wrong)).toThrow(/^SECRET_KEYS: /)
      expect(() => keys(wrong)).not.toThrow(base64.slice(0, 20))
    }
  })
})

it('takes two OAuth client secrets while they are rotated, and none', () => {
  expect(loadConfig({}).oauthClientSecrets).toEqual([])
  const both = { HEROKU_CLIENT_SECRET: 'new', HEROKU_CLIENT_SECRET_PREVIOUS: 'old' }
  expect(loadConfig(both).oauthClientSecrets).toEqual(['new', 'old'])
  expect(() => loadConfig({ HEROKU_CLIENT_SECRET_PREVIOUS: 'old' })).toThrow(/^HEROKU_CLIENT_SECRET must/)
})

describe('the settings in the log', () => {
  it('are those that are declared as no secret, with the value in effect', () => {
    const printed = printableConfig(loadConfig({ ...PRODUCTION, DRAIN_WRITERS: '4' }))
    expect(printed).toMatchObject({
      NODE_ENV: 'production',
      DRAIN_WRITERS: 4,
      PROXY_HOPS: 1,
      LOG_LEVEL: 'info',
    })
    expect(printed).toMatchObject({ ADDON_PASSWORD: '[redacted]', METRICS_TOKEN: null })
    expect(printed.DATABASE_URL).toBe('postgres://[redacted]@db.example.com/culvert')
  })

  it('hold no secret, and nothing that is not declared', () => {
    const secrets = Object.fromEntries(
      listSettings(settings)
        .filter(({ setting }) => setting.secret === true)
        .flatMap(({ setting }) => setting.variables.map((variable) => [variable, `hunter2-${variable}`])),
    )
    const config = loadConfig({
      ...PRODUCTION,
      ...secrets,
      SECRET_KEYS: PRODUCTION.SECRET_KEYS,
      SMTP_URL: 'smtp://u:hunter2@mail.example.com',
      MAIL_FROM: 'logs@example.com',
      CLICKHOUSE_URL: 'https://u:hunter2@ch.example.com/culvert?password=hunter2',
    })
    const printed = JSON.stringify(printableConfig({ ...config, undeclared: 'hunter2' } as Config))
    for (const secret of ['hunter2', 'u:p', PRODUCTION.SECRET_KEYS.slice(3)])
      expect(printed).not.toContain(secret)
  })

  it('are declared as secret wherever the name says so', () => {
    const open = listSettings(settings).filter(
      ({ setting }) =>
        setting.secret !== true && /PASSWORD|SECRET|SALT|TOKEN|KEY/.test(setting.variables.join()),
    )
    expect(open.map(({ setting }) => setting.variables)).toEqual([])
  })
})

it('cannot be changed once it is read', () => {
  const config = loadConfig({})
  expect(() => {
    ;(config.addon as { id: string }).id = 'other'
  }).toThrow(TypeError)
})

it('spools on a disk that stays, for one database by any user, and not on a dyno', () => {
  const spool = (environment: Record<string, string>) => loadConfig(environment).spool
  expect(spool({})).toEqual({
    on: true,
    directory: 'data/spool/embedded',
    limitBytes: 512_000_000,
    afterMs: 600,
  })
  expect(spool({ DYNO: 'web.1' }).on).toBe(false)
  expect(spool({ DYNO: 'web.1', SPOOL: 'on' }).on).toBe(true)
  expect(spool({ SPOOL: 'off' }).on).toBe(false)
  const at = (url: string) => spool({ DATABASE_URL: url, SPOOL_DIRECTORY: '/s' }).directory
  expect(at('postgres://a:b@h/db')).toMatch(/^\/s\/database-[0-9a-f]{12}$/)
  expect(at('postgres://a:b@h/db')).toBe(at('postgres://c:d@h/db?sslmode=require'))
  const others = [
    'postgres://h/other',
    'postgres://i/db',
    'postgres://u@/db?host=/x',
    'postgres://u@/db?host=/y',
  ]
  expect(new Set(['postgres://h/db', ...others].map(at)).size).toBe(5)
})

it('keeps lines in ClickHouse where that is named, and prints no password of it', () => {
  const CLICKHOUSE_URL = 'https://culvert:hunter2@ch.example.com:8443/culvert?password=hunter2'
  const config = loadConfig({ CLICKHOUSE_URL, CLICKHOUSE_CLUSTER: 'logs' })
  expect(config.clickhouse).toEqual({ url: CLICKHOUSE_URL, cluster: 'logs', mode: 'only' })
  expect(JSON.stringify(printableConfig(config))).not.toContain('hunter2')
  expect(loadConfig({ CLICKHOUSE_URL: 'chdb:./here', CLICKHOUSE_MODE: 'fill' }).clickhouse?.mode).toBe('fill')
  expect(loadConfig({}).clickhouse).toBeNull()
  expect(() => loadConfig({ CLICKHOUSE_URL: 'clickhouse.example.com' })).toThrow('CLICKHOUSE_URL')
  expect(() => loadConfig({ CLICKHOUSE_URL, CLICKHOUSE_MODE: 'half' })).toThrow('CLICKHOUSE_MODE')
})
