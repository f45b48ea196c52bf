import { expect, it } from 'vitest'
import { findLosses, MAX_ANNOUNCED_LINES, MAX_LOST_LINES } from '../../src/drain/losses.ts'
import { parseFrames } from '../../src/logplex/frame-parser.ts'
import { MAX_ANALYSED } from '../../src/query/analysed.ts'
import { counted, frame } from '../support/deliveries.ts'

function losses(message: string, process: string, announced?: number) {
  const body = counted(frame(message, { source: 'heroku', process }))
  const { lines } = parseFrames(body, { structuredData: false })
  return findLosses(body, lines, announced ?? lines.length)
}

it('reads what Logplex and log-shuttle say of lost lines, in every wording', () => {
  const f = (message: string, process: string, want: object[]) =>
    expect(losses(message, process)).toEqual(want)
  const since = 'since 2026-11-21T00:08:55+00:00.'
  f(`Error L10 (output buffer overflow): 12 messages dropped ${since}`, 'logplex', [
    { kind: 'logplex_overflow', lines: 12 },
  ])
  f(`Error L10 (output buffer overflow): drain 'd.1-2' dropped 34 messages ${since}`, 'logplex', [
    { kind: 'logplex_overflow', lines: 34 },
  ])
  f(`Error L12: 5 messages dropped ${since}`, 'log-shuttle', [{ kind: 'shuttle_overflow', lines: 5 }])
  f(`Error L13: 6 messages lost ${since}`, 'log-shuttle', [{ kind: 'shuttle_loss', lines: 6 }])
})

it('adds the notices of a delivery up by kind, and believes no more than an app can lose', () => {
  const notice = (lines: number | string) =>
    counted(frame(`Error L10 (output buffer overflow): ${lines} messages dropped`, { process: 'logplex' }))
  const lossesOf = (bodies: Buffer[]) => {
    const body = Buffer.concat(bodies)
    const { lines } = parseFrames(body, { structuredData: false })
    return findLosses(body, lines, lines.length)
  }
  expect(lossesOf([notice(3), notice(4)])).toEqual([{ kind: 'logplex_overflow', lines: 7 }])
  const most = [{ kind: 'logplex_overflow', lines: MAX_LOST_LINES }]
  expect(lossesOf([notice('9'.repeat(400))])).toEqual(most)
  expect(lossesOf(Array.from({ length: 1_000 }, () => notice(2 ** 53 - 1)))).toEqual(most)
})

it('does not believe an app that prints the same', () => {
  expect(losses('Error L10 (output buffer overflow): 12 messages dropped since now.', 'web.1')).toEqual([])
  expect(losses('Error L10 (output buffer overflow): 12 messages dropped since now.', 'webplex')).toEqual([])
})

it('says nothing of other lines', () => {
  expect(losses('Error L11: tail', 'logplex')).toEqual([])
  expect(losses('hello', 'logplex')).toEqual([])
})

it('takes an announced count that is higher than the lines for a loss, a lower one for nothing', () => {
  expect(losses('x', 'web.1', 4)).toEqual([{ kind: 'count_mismatch', lines: 3 }])
  expect(losses('x', 'web.1', 0)).toEqual([])
  expect(losses('x', 'web.1', Number.NaN)).toEqual([])
  for (const announced of [50_000, 2 ** 53 - 1]) {
    expect(losses('x', 'web.1', announced)).toEqual([{ kind: 'count_mismatch', lines: MAX_ANNOUNCED_LINES }])
  }
})

it('reads a notice only as far as a line is analysed', () => {
  const padded = (characters: number) =>
    losses(`Error L10 (${'x'.repeat(characters)}): 12 messages dropped`, 'logplex')
  expect(padded(10_000)).toEqual([{ kind: 'logplex_overflow', lines: 12 }])
  expect(padded(MAX_ANALYSED)).toEqual([])
  expect(losses('Error L10 messages dropped', 'logplex')).toEqual([])
})
