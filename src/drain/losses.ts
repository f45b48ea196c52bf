// What a delivery tells of lines that are missing: the loss notices of Logplex and log-shuttle among its lines, and
// a count that is higher than what came. Pure.
import type { FramedLine, LineList } from '../logplex/framed-line.ts'
import type { Loss, LossKind } from '../logs/log-store.ts'
import { MAX_ANALYSED } from '../query/analysed.ts'

const LOGPLEX = Buffer.from('logplex')
const LOG_SHUTTLE = Buffer.from('log-shuttle')

/**
 * `Error L10 (output buffer overflow): 12 messages dropped since …` (heroku/logplex), in production since 2020
 * `… : drain 'd.…' dropped 12 messages since …`; `Error L12: N messages dropped since …` and `Error L13: N messages
 * lost since …` (heroku/log-shuttle). All of them name the number right before "messages".
 */
const NOTICE = /^Error (L1[023])\b/
/** Begins where digits begin: from each of them on, a long number would take the square of its length. */
const COUNT = /(?<!\d)(\d+) messages/

const KINDS: Record<string, LossKind> = {
  L10: 'logplex_overflow',
  L12: 'shuttle_overflow',
  L13: 'shuttle_loss',
}

/**
 * The most lines that one delivery is believed to have lost: more than an app that writes 10,000 lines a second writes in
 * a day. A larger number is counted as this one.
 */
export const MAX_LOST_LINES = 1_000_000_000
/** The most missing lines that a `Logplex-Msg-Count` is believed: ten times the largest batch that a sender makes. */
export const MAX_ANNOUNCED_LINES = 10_000

/**
 * Each kind once.
 *
 * @param announced `Logplex-Msg-Count`, or the number of lines where the sender said nothing
 */
export function findLosses(body: Buffer, lines: LineList, announced: number): Loss[] {
  const lost = new Map<LossKind, number>()
  for (let at = 0; at < lines.length; at++) {
    const line = lines.at(at) as FramedLine
    if (!mayTellOfLoss(body, line)) continue
    const end = Math.min(line.messageEnd, line.messageStart + MAX_ANALYSED)
    const message = body.toString('latin1', line.messageStart, end)
    const [head = '', code = ''] = NOTICE.exec(message) ?? []
    const kind = KINDS[code]
    const count = kind && COUNT.exec(message.slice(head.length))?.[1]
    if (kind && count) lost.set(kind, Math.min((lost.get(kind) ?? 0) + Number(count), MAX_LOST_LINES))
  }
  if (announced > lines.length && Number.isSafeInteger(announced)) {
    lost.set('count_mismatch', Math.min(announced - lines.length, MAX_ANNOUNCED_LINES))
  }
  return [...lost].map(([kind, lines]) => ({ kind, lines }))
}

/** By the process that wrote it: an app may print such a text too, and must not be believed. */
function mayTellOfLoss(body: Buffer, { processStart, processEnd }: FramedLine): boolean {
  const expected = processEnd - processStart === LOGPLEX.length ? LOGPLEX : LOG_SHUTTLE
  return (
    processEnd - processStart === expected.length &&
    body.compare(expected, 0, expected.length, processStart, processEnd) === 0
  )
}
