// Judges for the usual rule: a call must be answered with a certain status. Pure.
import { type Answer, type Exchange, jsonObject } from './exchange.ts'
import { fail, pass, skip, type Verdict } from './rule.ts'

type Pick<Evidence> = (evidence: Evidence) => Exchange | null

const NOT_TRIED = skip('not tried: an earlier step failed')

/** @param wanted as a clause: `2xx`, `404 or 410` */
export function answered<Evidence>(
  pick: Pick<Evidence>,
  wanted: string,
  isWanted: (status: number, answer: Answer) => boolean,
): (evidence: Evidence) => Verdict {
  return withAnswer(pick, (answer, exchange) =>
    isWanted(answer.status, answer)
      ? pass
      : fail(`${exchange.what}: answered ${answer.status}, not ${wanted}`, [exchange]),
  )
}

export function succeeded<Evidence>(pick: Pick<Evidence>): (evidence: Evidence) => Verdict {
  return answered(pick, '2xx', isSuccess)
}

export function answeredWith<Evidence>(pick: Pick<Evidence>, ...statuses: number[]) {
  return answered(pick, statuses.join(' or '), (status) => statuses.includes(status))
}

/** For a rule about any answer, whatever its status. */
export function withAnswer<Evidence>(
  pick: Pick<Evidence>,
  judge: (answer: Answer, exchange: Exchange, evidence: Evidence) => Verdict,
): (evidence: Evidence) => Verdict {
  return (evidence) => {
    const exchange = pick(evidence)
    if (exchange === null) return NOT_TRIED
    const { answer, failure, what } = exchange
    return answer === null
      ? fail(`${what}: no answer, ${failure}`, [exchange])
      : judge(answer, exchange, evidence)
  }
}

/** For a rule about a successful answer; skips a refusal, which another rule reports. */
export function withBody<Evidence>(
  pick: Pick<Evidence>,
  judge: (body: Record<string, unknown>, exchange: Exchange, evidence: Evidence) => Verdict,
): (evidence: Evidence) => Verdict {
  return (evidence) => {
    const exchange = pick(evidence)
    if (exchange?.answer == null) return NOT_TRIED
    if (!isSuccess(exchange.answer.status)) return skip(`${exchange.what}: the request was refused`)
    const body = jsonObject(exchange.answer.body)
    return body === null ? skip('the body is not a JSON object') : judge(body, exchange, evidence)
  }
}

/** Heroku shows the `message` of a 422 to the customer. */
export function refusedInWords<Evidence>(pick: Pick<Evidence>): (evidence: Evidence) => Verdict {
  return withAnswer(pick, (answer, exchange) => {
    if (isSuccess(answer.status)) return skip('the request was not refused')
    const message = jsonObject(answer.body)?.message
    return typeof message === 'string' && message.trim() !== ''
      ? pass
      : fail('the body has no "message": the customer sees no reason', [exchange])
  })
}

/** Judges the answer times; a missing answer is another rule's. */
export function inTime(exchanges: readonly (Exchange | null)[], limitMs: number): Verdict {
  const slow = exchanges.filter((one): one is Exchange => one !== null && one.durationMs > limitMs)
  const slowest = slow.toSorted((a, b) => b.durationMs - a.durationMs)[0]
  if (slowest === undefined) return pass
  const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`
  return fail(`${slowest.what}: took ${seconds(slowest.durationMs)}, more than ${seconds(limitMs)}`, [
    slowest,
  ])
}

export function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
