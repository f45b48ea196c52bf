// How an add-on must subscribe to webhooks, and which deliveries it must accept.
import { type Exchange, jsonObject } from '../exchange.ts'
import { answered, inTime, isSuccess, succeeded } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { PLATFORM_SCHEMA, WEBHOOKS } from '../sources.ts'
import type { WebhookEvidence } from './play.ts'

type E = WebhookEvidence

const ALLOWED = ['include', 'level', 'url', 'secret', 'authorization']
const FORGED = 'Anyone who knows the address can forge events.'
const is4xx = (status: number) => status >= 400 && status < 500

export const WEBHOOK_RULES: readonly Rule<E>[] = [
  {
    number: 'W01',
    name: 'subscription',
    strength: 'must',
    demands: 'Subscribes with include, level and url, and at most secret and authorization besides.',
    otherwise: 'Heroku refuses the subscription.',
    source: PLATFORM_SCHEMA,
    judge: ({ subscriptions }) => {
      for (const call of subscriptions) {
        const body = jsonObject(call.request.body) ?? {}
        const missing = ['include', 'level', 'url'].filter((name) => body[name] === undefined)
        if (missing.length > 0) return fail(`${missing.join(' and ')} is missing`, [call])
        const unknown = Object.keys(body).filter((name) => !ALLOWED.includes(name))
        if (unknown.length > 0) return fail(`Heroku does not accept ${unknown.join(', ')}`, [call])
      }
      return pass
    },
  },
  {
    number: 'W02',
    name: 'subscribed-once',
    strength: 'must',
    demands: 'Subscribes an address once, even if the answer is lost.',
    otherwise: 'Every event is delivered twice; POST is not idempotent, so read the list before a retry.',
    source: PLATFORM_SCHEMA,
    judge: ({ afterLostAnswer }) => {
      const { urls, calls } = afterLostAnswer
      const twice = urls.filter((url, at) => urls.indexOf(url) !== at)
      return twice.length === 0
        ? pass
        : fail(`there are ${twice.length + 1} webhooks with one address`, calls)
    },
  },
  {
    number: 'W03',
    name: 'takes-events',
    strength: 'must',
    demands: 'Answers 2xx to an event.',
    otherwise: 'Heroku repeats it for days, and may end the subscription.',
    source: WEBHOOKS,
    judge: succeeded(({ ordinary }) => ordinary),
  },
  {
    number: 'W04',
    name: 'repeated',
    strength: 'must',
    demands: 'Answers 2xx to a repeated event.',
    otherwise: 'Heroku repeats an event that was not answered in time.',
    source: WEBHOOKS,
    judge: unlikeOrdinary(({ again }) => again),
  },
  {
    number: 'W05',
    name: 'unknown-event',
    strength: 'must',
    demands: 'Answers 2xx to an event of an unknown kind.',
    otherwise: 'Heroku repeats it for days, and later events wait.',
    source: WEBHOOKS,
    judge: unlikeOrdinary(({ unknownEvent }) => unknownEvent),
  },
  {
    number: 'W06',
    name: 'raw-bytes',
    strength: 'must',
    demands: 'Verifies the signature over the raw bytes.',
    otherwise: 'One space that a JSON serializer would not write, and every event is refused.',
    source: WEBHOOKS,
    judge: unlikeOrdinary(({ spaced }) => spaced),
  },
  {
    number: 'W07',
    name: 'rewritten',
    strength: 'must',
    demands: 'Refuses a body whose bytes differ from the signed ones.',
    otherwise: 'The verified text is not the one that was sent, which an attacker can exploit.',
    source: WEBHOOKS,
    judge: (evidence) =>
      isSuccess(evidence.wrongSignature.answer?.status ?? 0)
        ? skip('no signature is checked at all: W08')
        : answered<E>(({ rewritten }) => rewritten, '4xx', is4xx)(evidence),
  },
  {
    number: 'W08',
    name: 'wrong-signature',
    strength: 'must',
    demands: 'Refuses an event signed with another secret.',
    otherwise: FORGED,
    source: WEBHOOKS,
    judge: answered(({ wrongSignature }) => wrongSignature, '4xx', is4xx),
  },
  {
    number: 'W09',
    name: 'no-signature',
    strength: 'must',
    demands: 'Refuses an event without a signature.',
    otherwise: FORGED,
    source: WEBHOOKS,
    judge: answered(({ noSignature }) => noSignature, '4xx', is4xx),
  },
  {
    number: 'W10',
    name: 'wrong-authorization',
    strength: 'must',
    demands: 'Refuses an event without the Authorization of the subscription.',
    otherwise: FORGED,
    source: WEBHOOKS,
    when: 'the add-on subscribed with an authorization',
    applies: ({ hasAuthorization }) => hasAuthorization,
    judge: answered(({ wrongAuthorization }) => wrongAuthorization, '4xx', is4xx),
  },
  {
    number: 'W11',
    name: 'deprovisioned',
    strength: 'must',
    demands: 'Answers 2xx or 4xx for a removed resource.',
    otherwise: 'Events are still in flight when a resource is removed; Heroku retries after a 5xx for days.',
    source: WEBHOOKS,
    judge: answered(
      ({ deprovisioned }) => deprovisioned,
      '2xx or 4xx',
      (status) => isSuccess(status) || is4xx(status),
    ),
  },
  {
    number: 'W12',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise: 'Heroku delivers again what is not answered in time; do the work after the answer.',
    source: WEBHOOKS,
    judge: ({ ordinary, unknownEvent, aimMs }) => inTime([ordinary, unknownEvent], aimMs),
  },
]

function unlikeOrdinary(pick: (evidence: E) => Exchange): Rule<E>['judge'] {
  const judge = succeeded(pick)
  return (evidence) =>
    isSuccess(evidence.ordinary.answer?.status ?? 0)
      ? judge(evidence)
      : skip('an ordinary event is not accepted either')
}
