// What a DELETE must be answered with, and what it must leave behind.

import { jsonObject } from '../exchange.ts'
import { answered, answeredWith, inTime, isSuccess, withAnswer } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { ASYNC_DELETE, AZIMUTT, KENSA, LEGACY, MYLOGGER, REFERENCE } from '../sources.ts'
import type { DeprovisionEvidence } from './play.ts'

type E = DeprovisionEvidence

const STRANGER = 'Anybody may remove what your customers pay for.'

export const DEPROVISION_RULES: readonly Rule<E>[] = [
  {
    number: 'D01',
    name: 'deprovision',
    strength: 'must',
    demands: 'Answers 200 or 204 to the DELETE of a resource.',
    otherwise: "The customer's `heroku addons:destroy` fails, and Heroku goes on asking.",
    source: REFERENCE,
    judge: (evidence) =>
      evidence.removal.answer?.status === 202
        ? skip('D02 tells of the 202')
        : answered<E>(
            ({ removal }) => removal,
            '200 or 204',
            (status) => [200, 204].includes(status),
          )(evidence),
  },
  {
    number: 'D02',
    name: 'not-asynchronous',
    strength: 'must',
    demands: 'Does not answer 202 to a DELETE.',
    otherwise: 'That means "I will tell you when", which must be agreed with Heroku beforehand.',
    source: ASYNC_DELETE,
    judge: withAnswer(
      ({ removal }) => removal,
      (answer, exchange) => (answer.status === 202 ? fail('answered 202', [exchange]) : pass),
    ),
  },
  {
    number: 'D03',
    name: 'body',
    strength: 'should',
    demands: 'Answers with JSON or with no body.',
    otherwise: 'Every body that Heroku reads should be JSON.',
    source: LEGACY,
    judge: withAnswer(
      ({ removal }) => removal,
      ({ body, status }, exchange) =>
        !isSuccess(status) || body.length === 0 || jsonObject(body) !== null
          ? pass
          : fail('the body is no JSON object', [exchange]),
    ),
  },
  {
    number: 'D04',
    name: 'wrong-credentials',
    strength: 'must',
    demands: 'Answers 401 to wrong credentials.',
    otherwise: STRANGER,
    source: KENSA,
    judge: answeredWith(({ wrongCredentials }) => wrongCredentials, 401),
  },
  {
    number: 'D05',
    name: 'no-credentials',
    strength: 'must',
    demands: 'Answers 401 to a request without Authorization.',
    otherwise: STRANGER,
    source: REFERENCE,
    judge: answeredWith(({ noCredentials }) => noCredentials, 401),
  },
  {
    number: 'D06',
    name: 'stranger-first',
    strength: 'must',
    demands: 'Answers 401 to wrong credentials for a resource that is gone.',
    otherwise:
      'A stranger learns which resources there were, and kensa fails: look at the credentials before the resource.',
    source: KENSA,
    judge: answeredWith(({ stranger }) => stranger, 401),
  },
  {
    number: 'D07',
    name: 'twice',
    strength: 'must',
    demands: 'Answers 410 to the second DELETE of a resource.',
    otherwise: 'Heroku takes anything else for a failure and asks again, for a day.',
    source: MYLOGGER,
    judge: answeredWith(({ again }) => again, 410),
  },
  {
    number: 'D08',
    name: 'no-return',
    strength: 'must',
    demands: 'Answers 410 to the provision request of a resource that was removed.',
    otherwise: 'A late repetition makes a resource that nobody pays for, and Heroku does not know of.',
    source: AZIMUTT,
    judge: answeredWith(({ returning }) => returning, 410),
  },
  {
    number: 'D09',
    name: 'unknown-resource',
    strength: 'must',
    demands: 'Answers 410, 404 or 2xx to the DELETE of a resource that it never heard of.',
    otherwise: 'It is usual when the answer to a provision request was lost; a 5xx is repeated for a day.',
    source: AZIMUTT,
    judge: answered(
      ({ early }) => early,
      '410, 404 or 2xx',
      (status) => [404, 410].includes(status) || isSuccess(status),
    ),
  },
  {
    number: 'D10',
    name: 'delete-first',
    strength: 'should',
    demands: 'Answers 410 to a provision request whose DELETE came first.',
    otherwise: 'Requests may overtake each other: the resource stays for ever, and nobody pays for it.',
    source: REFERENCE,
    judge: answeredWith(({ late }) => late, 410),
  },
  {
    number: 'D11',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise:
      'Heroku gives up at 25 seconds and may lower that; note what is to be purged, and purge it later.',
    source: LEGACY,
    judge: ({ removal, again, early, aimMs }) => inTime([removal, again, early], aimMs),
  },
]
