import { expect, it } from 'vitest'
import { drainTokens } from '../../src/logplex/drain-token.ts'

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`

it('finds the token wherever a sender may carry it', () => {
  const f = (headers: Record<string, string>, want: string[]) => expect(drainTokens(headers)).toEqual(want)
  f({}, [])
  f({ 'logplex-drain-token': 'd.1' }, ['d.1'])
  f({ 'logplex-drain-token': 'd.1', authorization: basic('token:d.2') }, ['d.1'])
  f({ authorization: basic('token:d.2') }, ['d.2', 'token'])
  f({ authorization: basic('d.2:') }, ['d.2'])
  f({ authorization: basic(':d.2') }, ['d.2'])
  f({ authorization: basic('d.2') }, ['d.2'])
  f({ authorization: basic('d%2E2:') }, ['d%2E2', 'd.2'])
  f({ authorization: basic('%zz:') }, ['%zz'])
  f({ authorization: basic('a:b:c') }, ['b:c', 'a'])
  f({ authorization: 'Bearer d.3' }, ['d.3'])
  f({ authorization: 'bearer  d.3' }, ['d.3'])
  f({ authorization: 'Digest x' }, [])
  f({ authorization: 'Basic' }, [])
})
