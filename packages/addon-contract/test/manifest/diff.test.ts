import { describe, expect, it } from 'vitest'
import { diffManifests, unwrapPushed } from '../../src/manifest/diff.ts'
import type { JsonObject } from '../../src/manifest/view.ts'

const PUSHED: JsonObject = {
  id: 'acme-logs',
  $base: 100,
  api: {
    password: 'the-old-password',
    sso_salt: 'the-salt',
    regions: ['us', 'eu'],
    production: { base_url: 'https://a.com/heroku/resources', sso_url: 'https://a.com/sso' },
  },
}
const API = PUSHED.api as JsonObject

const diff = (local: JsonObject) => diffManifests(PUSHED, local)
const withApi = (api: JsonObject) => diff({ ...PUSHED, api: { ...API, ...api } })

describe('the differences that a push would make', () => {
  it('are empty for equal manifests, whatever the order of keys and of sets', () => {
    const reordered = { api: { ...API, regions: ['eu', 'us'] }, $base: 100, id: 'acme-logs' }
    expect(diff(reordered)).toEqual([])
  })

  it('have a path, both values and the effect', () => {
    expect(withApi({ regions: ['us'] })).toEqual([
      {
        at: 'api.regions',
        pushed: '["us","eu"]',
        local: '["us"]',
        effect: expect.stringContaining('Customers'),
      },
    ])
    const [moved] = withApi({ production: { ...(API.production as JsonObject), sso_url: 'https://b.com' } })
    expect(moved).toMatchObject({ at: 'api.production.sso_url', local: '"https://b.com"' })
  })

  it('contain no secret, nor a value that may be one', () => {
    const told = [
      ...withApi({ password: 'the-new-password' }),
      ...withApi({ api_token: 'a-token' }),
      ...withApi({ production: { base_url: 'https://me:my-password@a.com/heroku/resources' } }),
    ]
    expect(told.map(({ at }) => at)).toEqual([
      'api.password',
      'api.api_token',
      'api.production.base_url',
      'api.production.sso_url',
    ])
    expect(told[0]).toMatchObject({ pushed: 'differs', local: 'differs' })
    expect(told[1]).toMatchObject({ pushed: null, local: 'differs' })
    expect(JSON.stringify(told)).not.toMatch(/the-old|the-new|a-token|my-password/)
  })

  it('warn if the manifest was pushed meanwhile, but not for a file that was never pulled', () => {
    expect(diff({ ...PUSHED, $base: 90 })).toMatchObject([{ at: '$base', pushed: '100', local: '90' }])
    const { $base: _, ...fresh } = PUSHED
    expect(diff(fresh)).toEqual([])
  })
})

it('unwrapPushed accepts the answer of Heroku’s registry as well as a manifest', () => {
  expect(unwrapPushed({ contents: PUSHED })).toEqual(PUSHED)
  expect(unwrapPushed(PUSHED)).toEqual(PUSHED)
})
