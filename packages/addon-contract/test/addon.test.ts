import { describe, expect, it } from 'vitest'
import { CannotRun, readAddon } from '../src/addon.ts'
import { areDeclared, areStrings, areUrls } from '../src/config-vars.ts'
import type { Exchange } from '../src/exchange.ts'

const manifest = (api: object) => ({ id: 'acme-logs', api: { password: 'p', ...api } })
const ADDRESSES = {
  base_url: 'http://localhost:5000/heroku/resources/',
  sso_url: 'http://localhost:5000/sso',
}

describe('an add-on read from its manifest', () => {
  it('has the addresses of one environment', () => {
    const production = { base_url: 'https://a.example/heroku/resources', sso_url: 'https://a.example/sso' }
    const both = manifest({ test: ADDRESSES, production, requires: ['syslog_drain'] })
    expect(readAddon(both, false)).toEqual({
      id: 'acme-logs',
      password: 'p',
      ssoSalt: null,
      baseUrl: 'http://localhost:5000/heroku/resources',
      ssoUrl: 'http://localhost:5000/sso',
      configVars: [],
      requires: ['syslog_drain'],
    })
    expect(readAddon(both, true).baseUrl).toBe('https://a.example/heroku/resources')
  })

  it('has no sso_url if the manifest has the old format of one address', () => {
    const addon = readAddon(manifest({ test: 'http://localhost:5000/' }), false)
    expect(addon).toMatchObject({ baseUrl: 'http://localhost:5000/heroku/resources', ssoUrl: null })
  })

  it('or it is said what is missing, without a secret', () => {
    const refuse = (data: unknown, production: boolean, sentence: RegExp) =>
      expect(() => readAddon(data, production)).toThrow(
        expect.objectContaining({ name: CannotRun.name, message: expect.stringMatching(sentence) }),
      )
    refuse(null, false, /cannot be used/)
    refuse({ id: 'x', api: {} }, false, /api\.password/)
    refuse(manifest({ test: ADDRESSES }), true, /no api\.production/)
    refuse(manifest({}), false, /no api\.test.*--production/)
    refuse(manifest({ test: { base_url: 'over there' } }), false, /api\.test/)
  })
})

describe('config', () => {
  const exchange = { what: 'Heroku provisions' } as Exchange
  const says = (verdict: ReturnType<typeof areUrls>) =>
    verdict.kind === 'fail' ? verdict.says : verdict.kind

  it('may name localhost, but not in production', () => {
    const config = { ACME_URL: 'http://localhost:5000/x', ACME_KEY: 'localhost' }
    expect(says(areUrls(config, false, exchange))).toBe('pass')
    expect(says(areUrls(config, true, exchange))).toMatch(/ACME_URL names localhost/)
    expect(says(areUrls({ ACME_URL: 'postgres://u:p@db.example/x' }, true, exchange))).toBe('pass')
    expect(says(areUrls({ ACME_URL: 'mailto:x@y.example' }, false, exchange))).toMatch(/is not an address/)
  })

  it('has declared names and strings, or is not there', () => {
    expect(says(areStrings(undefined, exchange))).toBe('pass')
    expect(says(areStrings([], exchange))).toBe('config is an array, not an object')
    expect(says(areStrings({ A: null, B: 'x' }, exchange))).toBe('config A: the value is not a string')
    expect(says(areDeclared({ A: 'x', B: 'y' }, ['A'], exchange))).toMatch(/^config has B, /)
    expect(says(areDeclared(undefined, [], exchange))).toBe('pass')
  })
})
