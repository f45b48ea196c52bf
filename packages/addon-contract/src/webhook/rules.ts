// How an add-on must subscribe to webhooks, and which deliveries it must believe.
import { type Exchange, jsonObject } from '../exchange.ts'
import { answered, inTime, isSuccess, succeeded } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { PLATFORM_SCHEMA, WEBHOOKS } from '../sources.ts'
import type { WebhookEvidence } from './play.ts'

type E = WebhookEvidence

const ALLOWED = ['include', 'level', 'url', 'secret', 'authorization']
const FORGED = 'Anybody who knows the address tells the add-on what happened at Heroku.'
const is4xx = (status: number) => status >= 400 && status < 500

export const WEBHOOK_RULES: readonly Rule<E>[] = [
  {
    number: 'W01',
    name: 'subscription',
    strength: 'must',
    demands: 'Subscribes with include, level and url, and nothing else but secret and authorization.',
    otherwise: 'Heroku refuses the subscription.',
    source: PLATFORM_SCHEMA,
    judge: ({ subscriptions }) => {
      for (const call of subscriptions) {
        const body = jsonObject(call.request.body) ?? {}
        const missing = ['include', 'level', 'url'].filter((name) => body[name] === undefined)
        if (missing.length > 0) return fail(`${missing.join(' and ')} is missing`, [call])
        const unknown = Object.keys(body).filter((name) => !ALLOWED.includes(name))
        if (unknown.length > 0) return fail(`Heroku does not take ${unknown.join(', ')}`, [call])
      }
      return pass
    },
  },
  {
    number: 'W02',
    name: 'subscribed-once',
    strength: 'must',
    demands: 'Subscribes once with one address, also when the answer is lost.',
    otherwise:
      'Every event is delivered twice; POST is not idempotent, so look at the list before you repeat it.',
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
    demands: 'Answers 2xx to an event that it had already.',
    otherwise: 'Heroku repeats what was not answered in time.',
    source: WEBHOOKS,
    judge: besideOrdinary(({ again }) => again),
  },
  {
    number: 'W05',
    name: 'unknown-event',
    strength: 'must',
    demands: 'Answers 2xx to an event of a kind that it does not know.',
    otherwise: 'Heroku repeats it for days, and the events behind it wait.',
    source: WEBHOOKS,
    judge: besideOrdinary(({ unknownEvent }) => unknownEvent),
  },
  {
    number: 'W06',
    name: 'raw-bytes',
    strength: 'must',
    demands: 'Reckons the signature over the bytes as they came.',
    otherwise: 'A space that a JSON writer would not write, and every event is refused.',
    source: WEBHOOKS,
    judge: besideOrdinary(({ spaced }) => spaced),
  },
  {
    number: 'W07',
    name: 'rewritten',
    strength: 'must',
    demands: 'Refuses a body in other bytes than those that were signed.',
    otherwise: 'What is verified is not what was sent, and somebody will find the difference.',
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
    demands: 'Refuses an event that is signed with another secret.',
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
    demands: 'Refuses an event without the Authorization that it subscribed with.',
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
    demands: 'Answers 2xx or 4xx for a resource that was removed.',
    otherwise: 'Events are still on their way when a resource is removed; a 5xx is repeated for days.',
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
    otherwise: 'What takes longer than Heroku waits is delivered again; do the work after the answer.',
    source: WEBHOOKS,
    judge: ({ ordinary, unknownEvent, aimMs }) => inTime([ordinary, unknownEvent], aimMs),
  },
]

function besideOrdinary(pick: (evidence: E) => Exchange): Rule<E>['judge'] {
  const judge = succeeded(pick)
  return (evidence) =>
    isSuccess(evidence.ordinary.answer?.status ?? 0)
      ? judge(evidence)
      : skip('not even an ordinary event is taken')
}
