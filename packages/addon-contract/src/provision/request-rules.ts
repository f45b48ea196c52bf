// Which provision requests must be taken, refused and answered alike.
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
    demands: 'Takes null for oauth_grant and options.',
    otherwise: 'Both may be null; those installs fail.',
    source: REFERENCE,
    judge: succeeded(({ nullFields }) => nullFields),
  },
  {
    number: 'P21',
    name: 'few-fields',
    strength: 'must',
    demands: 'Takes a request without options.',
    otherwise: 'Most customers give none, and Heroku may leave the field out.',
    source: REFERENCE,
    judge: succeeded(({ fewFields }) => fewFields),
  },
  {
    number: 'P22',
    name: 'unknown-fields',
    strength: 'must',
    demands: 'Takes fields that it does not know.',
    otherwise: 'The day Heroku adds a field, every install fails.',
    source: REFERENCE,
    judge: succeeded(({ unknownFields }) => unknownFields),
  },
  {
    number: 'P23',
    name: 'unknown-region',
    strength: 'must',
    demands: 'Serves a region that it does not know, or refuses it with 422 and a message.',
    otherwise: 'The day Heroku opens a region, customers there see a stock error and you see a 500.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownRegion }) => unknownRegion),
  },
  {
    number: 'P24',
    name: 'unknown-options',
    strength: 'must',
    demands: 'Ignores an option that it does not know, or refuses it with 422 and a message.',
    otherwise: 'A typo behind `heroku addons:create` gives the customer a stock error.',
    source: LEGACY,
    judge: servedOrRefusedInWords(({ unknownOptions }) => unknownOptions),
  },
  {
    number: 'P25',
    name: 'replay',
    strength: 'must',
    demands:
      'Answers the same uuid again with the same status, id, config and log_drain_url; what was 202 may be 200 by then.',
    otherwise:
      'Heroku delivers at least once, for up to a day: the customer gets two resources, or config that belongs to neither.',
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
    demands: 'Answers twenty requests with one uuid at once as it would one.',
    otherwise:
      'Heroku repeats a request whose answer is late while the first is still at work: two resources, or a 500 for the one that lost.',
    source: REFERENCE,
    judge: ({ parallel }) =>
      parallel.length === 0 ? skip('not tried: nothing could be provisioned') : sameAnswers(parallel),
  },
  {
    number: 'P27',
    name: 'unknown-plan',
    strength: 'must',
    demands: 'Answers 422 to a plan that it does not sell.',
    otherwise: 'A customer gets a resource of a plan that does not exist, or an error that says nothing.',
    source: MYLOGGER,
    judge: answeredWith(({ unknownPlan }) => unknownPlan, 422),
  },
  {
    number: 'P28',
    name: 'unknown-plan-message',
    strength: 'must',
    demands: 'Says in a message why it refuses a plan.',
    otherwise: 'Heroku shows the message of a 422 to the customer; without one they are told nothing.',
    source: LEGACY,
    judge: refusedInWords(({ unknownPlan }) => unknownPlan),
  },
  {
    number: 'P29',
    name: 'broken-json',
    strength: 'should',
    demands: 'Answers 4xx to a body that is no JSON.',
    otherwise: 'A 5xx is repeated for a day, and wakes whoever is on call.',
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
    otherwise: 'Heroku gives up at 25 seconds and may lower that; what takes longer belongs behind a 202.',
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
 * Compares what Heroku keeps of an answer. Of an asynchronous add-on one may be a 202 and the next, the provision being
 * completed meanwhile, a 200 that has the config: these two need only be about one resource.
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
  return fail(`${odd.what}: ${answer}, not as the first was`, [first as Exchange, odd])
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
