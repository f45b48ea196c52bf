// Which provision requests must be accepted, which refused, and which answered alike.
import { asObject } from '../config-vars.ts'
import { type Exchange, jsonObject } from '../exchange.ts'
import {
  answered,
  answeredWith,
  inTime,
  isSuccess,
  refusedInWords,
  succeeded,
  withAnswer,
} from '../expect.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { AZIMUTT, LEGACY, MYLOGGER, REFERENCE } from '../sources.ts'
import type { ProvisionEvidence } from './play.ts'

type E = ProvisionEvidence

export const REQUEST_RULES: readonly Rule<E>[] = [
  {
    number: 'P20',
    name: 'null-fields',
    strength: 'must',
    demands: 'Accepts null for oauth_grant and options.',
    otherwise: 'Both may be null; installs with null fail.',
    source: REFERENCE,
    judge: succeeded(({ nullFields }) => nullFields),
  },
  {
    number: 'P21',
    name: 'few-fields',
    strength: 'must',
    demands: 'Accepts a request without options.',
    otherwise: 'Most customers give no options, and Heroku may omit the field.',
    source: REFERENCE,
    judge: succeeded(({ fewFields }) => fewFields),
  },
  {
    number: 'P22',
    name: 'unknown-fields',
    strength: 'must',
    demands: 'Accepts unknown fields.',
    otherwise: 'When Heroku adds a field, every install fails.',
    source: REFERENCE,
    judge: succeeded(({ unknownFields }) => unknownFields),
  },
  {
    number: 'P23',
    name: 'unknown-region',
    strength: 'must',
    demands: 'Serves an unknown region, or refuses it with 422 and a message.',
    otherwise: 'When Heroku opens a region, customers there see a generic error and you see a 500.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownRegion }) => unknownRegion),
  },
  {
    number: 'P24',
    name: 'unknown-options',
    strength: 'must',
    demands: 'Ignores an unknown option, or refuses it with 422 and a message.',
    otherwise: 'A typo after `heroku addons:create` gives the customer a generic error.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownOptions }) => unknownOptions),
  },
  {
    number: 'P25',
    name: 'replay',
    strength: 'must',
    demands:
      'Answers a repeated uuid with the same status, id, config and log_drain_url; a 202 may have become a 200.',
    otherwise:
      'Heroku delivers at least once, for up to a day: the customer gets two resources, or config that matches neither.',
    source: REFERENCE,
    judge: withAnswer(
      ({ replay }) => replay,
      (_answer, exchange, { opening }) => sameAnswers([opening, exchange]),
    ),
  },
  {
    number: 'P26',
    name: 'parallel-replay',
    strength: 'must',
    demands: 'Answers twenty concurrent requests with one uuid as it would one.',
    otherwise:
      'Heroku repeats a late request while the first is still in progress: two resources, or a 500 for one of them.',
    source: REFERENCE,
    judge: ({ parallel }) =>
      parallel.length === 0 ? skip('not tried: nothing could be provisioned') : sameAnswers(parallel),
  },
  {
    number: 'P27',
    name: 'unknown-plan',
    strength: 'must',
    demands: 'Answers 422 to a plan that it does not sell.',
    otherwise: 'A customer gets a resource with a plan that does not exist, or an unhelpful error.',
    source: MYLOGGER,
    judge: answeredWith(({ unknownPlan }) => unknownPlan, 422),
  },
  {
    number: 'P28',
    name: 'unknown-plan-message',
    strength: 'must',
    demands: 'Refuses a plan with a message that says why.',
    otherwise: 'Heroku shows the message of a 422 to the customer; without one they see no reason.',
    source: LEGACY,
    judge: refusedInWords(({ unknownPlan }) => unknownPlan),
  },
  {
    number: 'P29',
    name: 'broken-json',
    strength: 'should',
    demands: 'Answers 4xx to a body that is not JSON.',
    otherwise: 'Heroku repeats a request after a 5xx for a day, and the 5xx pages your on-call engineer.',
    source: AZIMUTT,
    judge: answered(
      ({ brokenJson }) => brokenJson,
      '4xx',
      (status) => status >= 400 && status < 500,
    ),
  },
  {
    number: 'P30',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise: 'Heroku times out after 25 seconds and may lower that; slower work belongs after a 202.',
    source: LEGACY,
    judge: ({ opening, second, replay, unknownPlan, aimMs }) =>
      inTime([opening, second, replay, unknownPlan], aimMs),
  },
]

function servedOrRefusedInWords(pick: (evidence: E) => Exchange | null): (evidence: E) => Verdict {
  return withAnswer(pick, (answer, exchange) => {
    if (isSuccess(answer.status)) return pass
    if (answer.status !== 422) return fail(`answered ${answer.status}, not 2xx or 422`, [exchange])
    return refusedInWords<Exchange>((one) => one)(exchange)
  })
}

/**
 * Compares what Heroku keeps of an answer. An asynchronous add-on may answer 202 and, once the provision is completed, 200
 * with the config: these two need only name the same resource.
 */
function sameAnswers(exchanges: readonly Exchange[]): Verdict {
  const first = exchanges.find(({ answer }) => answer !== null && isSuccess(answer.status)) ?? exchanges[0]
  const firstOfKind = (one: Exchange) => exchanges.find((other) => isPending(other) === isPending(one))
  const odd =
    first?.answer != null && isSuccess(first.answer.status)
      ? exchanges.find((one) => kept(one) !== kept(firstOfKind(one) as Exchange) || idOf(one) !== idOf(first))
      : first
  if (odd === undefined) return pass
  const answer = odd.answer === null ? 'not answered' : `answered ${odd.answer.status}`
  return fail(`${odd.what}: ${answer}, unlike the first`, [first as Exchange, odd])
}

function isPending({ answer }: Exchange): boolean {
  return answer?.status === 202
}

function idOf({ answer }: Exchange): string {
  return JSON.stringify(answer === null ? null : jsonObject(answer.body)?.id)
}

function kept({ answer, failure }: Exchange): string {
  if (answer === null) return `no answer: ${failure}`
  const { id, config, log_drain_url: url } = jsonObject(answer.body) ?? {}
  return `${answer.status} ${JSON.stringify({ id, config: sorted(config), log_drain_url: url })}`
}

function sorted(config: unknown): unknown {
  return Object.entries(asObject(config)).toSorted(([a], [b]) => (a < b ? -1 : 1))
}
