import { describe, expect, it } from 'vitest'
import { readAddress } from '../../../src/heroku/log-input/addresses.ts'

const HEROKU = 'https://api.heroku.com'
const SIMULATED = 'http://127.0.0.1:4000'
const url = (address: string, apiUrl: string) => readAddress(address, apiUrl)?.url.href ?? null

describe('a log input address', () => {
  it('is split into where and who', () => {
    expect(readAddress('https://token:t.5e0f@1.us.logplex.io/logs', HEROKU)).toEqual({
      url: new URL('https://1.us.logplex.io/logs'),
      authorization: `Basic ${Buffer.from('token:t.5e0f').toString('base64')}`,
    })
  })

  it.each([
    'http://token:t.1@1.us.logplex.io/logs',
    'https://token:t.1@logplex.io.example.com/logs',
    'https://token:t.1@evillogplex.io/logs',
    'https://token:t.1@127.0.0.1/logs',
    'https://1.us.logplex.io@example.com/logs',
    'not an address',
    '',
  ])('that is no Logplex of Heroku’s is told no token: %s', (address) => {
    expect(url(address, HEROKU)).toBeNull()
  })

  it('may be anywhere below logplex.io', () => {
    for (const host of ['1.us.logplex.io', '1.eu.logplex.io', 'logplex.io'])
      expect(url(`https://token:t.1@${host}/logs`, HEROKU)).toBe(`https://${host}/logs`)
  })

  it('of Heroku’s is never used by a service that is pointed at another platform', () => {
    expect(url('https://token:t.1@1.us.logplex.io/logs', SIMULATED)).toBeNull()
    expect(url(`http://token:t.1@127.0.0.1:4000/logs`, SIMULATED)).toBe(`${SIMULATED}/logs`)
    expect(url(`http://token:t.1@127.0.0.1:4001/logs`, SIMULATED)).toBeNull()
  })
})
