// Conditions: which lines they let through, and which statements are refused.
import { describe, expect, it } from 'vitest'
import { Refusal } from '../../src/endpoints/refusal.ts'
import { compileCondition } from '../../src/endpoints/vcl/condition.ts'
import { line, routerLine } from './lines.ts'

describe('a condition', () => {
  const router = routerLine({ status: '503', code: 'H12', host: 'shop.example.com' })
  const app = line('user=7 payment failed', { process: 'worker.2' })
  const f = (statement: string, ofRouter: boolean, ofApp: boolean) => {
    const condition = compileCondition(statement)
    expect([condition(router), condition(app)], statement).toEqual([ofRouter, ofApp])
  }

  it('compares numbers, texts, durations and times', () => {
    f('resp.status >= 500', true, false)
    f('resp.status == 503', true, false)
    f('resp.status < 500', false, false)
    f('resp.status > 502.5', true, false)
    f('req.method == "GET"', true, false)
    f('time.elapsed > 4s', true, false)
    f('time.elapsed <= 4250ms', true, false)
    f('time.elapsed > 1m', false, false)
    f('time.start < time.end', true, false)
    f('req.is_ssl == true', true, false)
  })

  it('matches regular expressions', () => {
    f('req.url ~ "^/cart"', true, false)
    f('req.url !~ "^/cart"', false, true)
    f('req.url~+"items"', true, false)
    f('line.message ~ "(?i)PAYMENT"', false, true)
    f('line.process ~ {"^worker\\.\\d+$"}', false, true)
  })

  it('joins with and, or, not and parentheses, and binds tighter than or', () => {
    f('resp.status == 503 && req.method == "POST"', false, false)
    f('resp.status == 503 || line.process == "worker.2"', true, true)
    f('line.process == "router" || line.process == "worker.2" && resp.status == 200', true, false)
    f('(line.process == "router" || line.process == "worker.2") && resp.status == 200', false, false)
    f('!(resp.status == 503)', false, true)
    f('!req.method', false, true)
    f('!!req.method', true, false)
  })

  it('asks of a name alone whether the line has it', () => {
    f('req.method', true, false)
    f('line.field.user', false, true)
    f('line.code', true, false)
    f('true', true, true)
  })

  it('takes what a line does not have as different from everything', () => {
    f('resp.status != 200', true, true)
    f('resp.status == 200', false, false)
    f('client.geo.country_code == "DE"', false, false)
    f('client.geo.country_code != "DE"', true, true)
  })

  it('may call functions', () => {
    f('std.atoi(line.field.user) > 5', false, true)
    f('std.strlen(req.url) > 10', true, false)
    f('if(req.method, "web", "other") == "web"', true, false)
  })
})

it('refuses any other statement with its place and its reason', () => {
  const f = (statement: string, at: number, reason: string) => {
    let refusal: unknown
    try {
      compileCondition(statement)
    } catch (error) {
      refusal = error
    }
    expect(refusal, statement).toBeInstanceOf(Refusal)
    expect({ statement, at: (refusal as Refusal).at, reason: (refusal as Refusal).reason }).toEqual({
      statement,
      at,
      reason,
    })
  }
  f('', 0, 'there is nothing here')
  f('resp.status = 200', 12, 'one "=" compares nothing; write "=="')
  f('resp.status == "200"', 12, 'a number cannot be compared with a text')
  f('req.url > "a"', 8, '">" compares numbers, times and durations')
  f('resp.status ~ "5.."', 12, '"~" takes a text on its left')
  f('req.url ~ req.http.Host', 10, '"~" takes a regular expression in quotes')
  f('req.url ~ "(?=x)"', 10, 'this is no regular expression (invalid or unsupported Perl syntax: `(?=`)')
  f('req.url ~ "(a{500}){3}"', 10, 'this is no regular expression (invalid repeat count: `{3}`)')
  f('req.url ~ "a{600}"', 10, 'this is no regular expression (it is too large)')
  f('client.ip ~ office', 12, 'there is no variable "office"')
  f('table.lookup(t, "a")', 0, 'there is no function "table.lookup"')
  f('resp.status == 200 &&', 21, 'something is missing at the end')
  f('&& resp.status == 200', 0, '"&&" has nothing on its left')
  f('(resp.status == 200', 19, '")" is missing here')
  f('resp.status == 200)', 18, 'nothing was expected behind this expression')
  f('resp.status == 200; error 403', 18, '";" has no meaning here')
  f('req.url == "open', 11, 'this text is never closed')
  f('if(req.url, 1)', 0, 'if takes 3 arguments')
  f('error 403', 0, 'there is no variable "error"')
})

it('is true or false of any line in a moment, whatever its expression', () => {
  const condition = compileCondition('line.message ~ "(a+)+$" && line.message ~ "(.*)*x$"')
  expect(condition(line(`${'a'.repeat(100_000)}b`))).toBe(false)
})
