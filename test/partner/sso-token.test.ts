import { describe, expect, it } from 'vitest'
import { type SsoFields, type SsoRules, verifySso } from '../../src/partner/sso-token.ts'

// Computed once with another program, and checked in here so that a change of ours cannot move both sides.
const RESOURCE = '8f3b2c1a-5d6e-4f70-8a9b-0c1d2e3f4a5b'
const USER = '3c9d1e2f-7a8b-4c5d-9e0f-112233445566'
const SHA1 = 'de360d665db329c664788e0d5b74660921103551'
const SHA256 = 'd11020a999a31eec63aefe0eda5acaadad09c8e6f00b1b6a2d701c1595370368'
const TIME = 1_767_225_600

const FIELDS: SsoFields = {
  resourceId: RESOURCE,
  timestamp: String(TIME),
  userScopedToken: SHA256,
  resourceToken: SHA1,
  userId: USER,
  email: 'dev@example.com',
}
const RULES: SsoRules = { salts: ['s4lt-for-tests-only'], acceptSha1: true, nowSeconds: TIME }

const verify = (fields: Partial<SsoFields> = {}, rules: Partial<SsoRules> = {}) =>
  verifySso({ ...FIELDS, ...fields }, { ...RULES, ...rules })

const IDENTIFIED = { resourceId: RESOURCE, identity: { userId: USER, email: 'dev@example.com' } }
const ANONYMOUS = { resourceId: RESOURCE, identity: null }

describe('the token of a sign-in', () => {
  it('in SHA-256 vouches for the resource and the person', () => {
    expect(verify()).toEqual(IDENTIFIED)
    expect(verify({ resourceToken: undefined })).toEqual(IDENTIFIED)
  })

  it('in SHA-1 vouches for the resource only, whatever name the form gives', () => {
    expect(verify({ userScopedToken: undefined })).toEqual(ANONYMOUS)
    expect(verify({ userScopedToken: undefined, email: 'boss@example.com' })).toEqual(ANONYMOUS)
  })

  it("agrees with the example in Heroku's documentation of the first version", () => {
    const verdict = verifySso(
      {
        resourceId: '123',
        timestamp: '1267597772',
        resourceToken: 'bb466eb1d6bc345d11072c3cd25c311f21be130d',
        userScopedToken: undefined,
        userId: undefined,
        email: undefined,
      },
      {
        salts: ['2f97bfa52ca102f8874716e2eb1d3b4920ad0be4'],
        acceptSha1: true,
        nowSeconds: 1_267_597_772,
      },
    )
    expect(verdict).toEqual({ resourceId: '123', identity: null })
  })

  it('in SHA-256 alone decides where it is there: a good SHA-1 beside it does not help', () => {
    expect(verify({ userScopedToken: 'wrong' })).toEqual({ refusal: 'wrong_token' })
    expect(verify({ userScopedToken: '' })).toEqual({ refusal: 'wrong_token' })
    expect(verify({ userScopedToken: SHA1 })).toEqual({ refusal: 'wrong_token' })
  })

  it('in SHA-1 is not enough where the setting says so', () => {
    expect(verify({ userScopedToken: undefined }, { acceptSha1: false })).toEqual({
      refusal: 'sha1_not_accepted',
    })
    expect(verify({}, { acceptSha1: false })).toEqual(IDENTIFIED)
  })

  it.each<[string, Partial<SsoFields>]>([
    ['the resource', { resourceId: RESOURCE.replace('8', '9') }],
    ['the case of the resource', { resourceId: RESOURCE.toUpperCase() }],
    ['the time', { timestamp: String(TIME - 1) }],
    ['the way the time is written', { timestamp: `0${TIME}` }],
    ['the user', { userId: RESOURCE }],
    ['the e-mail address', { email: 'dev@example.org' }],
    ['the case of the e-mail address', { email: 'Dev@example.com' }],
    ['a space behind the e-mail address', { email: 'dev@example.com ' }],
    ['the case of the token', { userScopedToken: SHA256.toUpperCase() }],
    ['the length of the token', { userScopedToken: SHA256.slice(0, -1) }],
  ])('is refused where %s was changed', (_, fields) => {
    expect(verify(fields)).toEqual({ refusal: 'wrong_token' })
  })

  it.each<[string, Partial<SsoFields>]>([
    ['resource', { resourceId: undefined }],
    ['time', { timestamp: undefined }],
    ['user', { userId: undefined }],
    ['e-mail address', { email: undefined }],
    ['token', { userScopedToken: undefined, resourceToken: undefined }],
  ])('is refused where there is no %s', (_, fields) => {
    expect(verify(fields)).toEqual({ refusal: 'incomplete' })
  })

  it('under the previous salt is good while a rotation is under way', () => {
    expect(verify({}, { salts: ['new', 's4lt-for-tests-only'] })).toEqual(IDENTIFIED)
    expect(verify({ userScopedToken: undefined }, { salts: ['new', 's4lt-for-tests-only'] })).toEqual(
      ANONYMOUS,
    )
    expect(verify({}, { salts: ['new'] })).toEqual({ refusal: 'wrong_token' })
  })

  it.each([-300, -299, 0, 299, 300])('is good when its time is %i seconds off', (seconds) => {
    expect(verify({}, { nowSeconds: TIME + seconds })).toEqual(IDENTIFIED)
  })

  it.each([-86_400, -360, -301, 301, 360, 86_400])(
    'is refused when its time is %i seconds off',
    (seconds) => {
      expect(verify({}, { nowSeconds: TIME + seconds })).toEqual({ refusal: 'out_of_time' })
    },
  )

  it.each(['', ' ', 'now', '1767225600.5', '1.7672256e9', '-1767225600', '0x6955b900', '1767225600 ', 'NaN'])(
    'is refused when its time is %j',
    (timestamp) => {
      expect(verify({ timestamp })).toEqual({ refusal: 'timestamp_unreadable' })
    },
  )
})
