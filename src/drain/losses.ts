// What a delivery tells of lines that are missing: the loss notices of Logplex and log-shuttle among its lines, and
// a count that is higher than what came. Pure.
import type { FramedLine } from '../logplex/framed-line.ts'
import type { Loss, LossKind } from '../logs/log-store.ts'

const LOGPLEX = Buffer.from('logplex')
const LOG_SHUTTLE = Buffer.from('log-shuttle')

/**
 * `Error L10 (output buffer overflow): 12 messages dropped since …` (heroku/logplex), in production since 2020
 * `… : drain 'd.…' dropped 12 messages since …`; `Error L12: N messages dropped since …` and `Error L13: N messages
 * lost since …` (heroku/log-shuttle). All of them name the number right before "messages".
 */
const NOTICE = /^Error (L1[023])\b.*?(\d+) messages/

const KINDS: Record<string, LossKind> = {
  L10: 'logplex_overflow',
  L12: 'shuttle_overflow',
  L13: 'shuttle_loss',
}

/** @param announced `Logplex-Msg-Count`, or the number of lines where the sender said nothing */
export function findLosses(body: Buffer, lines: readonly FramedLine[], announced: number): Loss[] {
  const losses: Loss[] = []
  for (const line of lines) {
    if (!mayTellOfLoss(body, line)) continue
    const [, code, count] = NOTICE.exec(body.toString('latin1', line.messageStart, line.messageEnd)) ?? []
    const kind = code === undefined ? undefined : KINDS[code]
    if (kind) losses.push({ kind, lines: Math.min(Number(count), Number.MAX_SAFE_INTEGER) })
  }
  if (announced > lines.length && Number.isSafeInteger(announced)) {
    losses.push({ kind: 'count_mismatch', lines: announced - lines.length })
  }
  return losses
}

/** By the process that wrote it: an app may print such a text too, and must not be believed. */
function mayTellOfLoss(body: Buffer, { processStart, processEnd }: FramedLine): boolean {
  const expected = processEnd - processStart === LOGPLEX.length ? LOGPLEX : LOG_SHUTTLE
  return (
    processEnd - processStart === expected.length &&
    body.compare(expected, 0, expected.length, processStart, processEnd) === 0
  )
}
