import { expect, it } from 'vitest'
import { errorText, withoutCredentials } from '../src/error-text.ts'

it('cuts the credentials out of every address in a text, whatever characters they hold', () => {
  const f = (text: string, shown: string) => expect(withoutCredentials(text)).toBe(shown)
  f('postgres://user:pass@host/db', 'postgres://[redacted]@host/db')
  f('postgres://user:p/a@s?s@host/db', 'postgres://[redacted]@host/db')
  f('no answer of https://u:p@one and https://two', 'no answer of https://[redacted]@one and https://two')
  f('write to ops@example.com', 'write to ops@example.com')
  f('connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED 127.0.0.1:5432')
})

it('tells what an error says, once, and nothing that it quotes', () => {
  const refused = (port: number) => new Error(`connect ECONNREFUSED ::1:${port}`)
  expect(errorText(new AggregateError([refused(1), refused(2), refused(1)]))).toBe(
    'connect ECONNREFUSED ::1:1; connect ECONNREFUSED ::1:2',
  )
  expect(errorText(new SyntaxError('Unexpected token in "secret"'))).toBe('SyntaxError')
  expect(errorText(new TypeError(''))).toBe('TypeError')
  expect(errorText('secret')).toBe('a string was thrown')
})
