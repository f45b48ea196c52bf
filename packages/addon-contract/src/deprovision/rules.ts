// How an add-on must answer a DELETE, and what holds afterwards.

import { jsonObject } from '../exchange.ts'
import { answered, answeredWith, inTime, isSuccess, withAnswer } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { ASYNC_DELETE, AZIMUTT, KENSA, LEGACY, MYLOGGER, REFERENCE } from '../sources.ts'
import type { DeprovisionEvidence } from './play.ts'

type E = DeprovisionEvidence

const STRANGER = 'Anyone can remove resources that your customers pay for.'

export const DEPROVISION_RULES: readonly Rule<E>[] = [
  {
    number: 'D01',
    name: 'deprovision',
    strength: 'must',
    demands: 'Answers 200 or 204 to the DELETE of a resource.',
    otherwise: "The customer's `heroku addons:destroy` fails, and Heroku keeps retrying.",
    source: REFERENCE,
    judge: (evidence) =>
      evidence.removal.answer?.status === 202
        ? skip('D02 reports the 202')
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
    otherwise: 'A 202 means asynchronous deprovisioning, which must be agreed with Heroku beforehand.',
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
    otherwise: 'Heroku expects every body to be JSON.',
    source: LEGACY,
    judge: withAnswer(
      ({ removal }) => removal,
      ({ body, status }, exchange) =>
        !isSuccess(status) || body.length === 0 || jsonObject(body) !== null
          ? pass
          : fail('the body is not a JSON object', [exchange]),
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
    demands: 'Answers 401 to wrong credentials for a removed resource.',
    otherwise:
      'An attacker learns which resources existed, and kensa fails: check the credentials before the resource.',
    source: KENSA,
    judge: answeredWith(({ stranger }) => stranger, 401),
  },
  {
    number: 'D07',
    name: 'twice',
    strength: 'must',
    demands: 'Answers 410 to the second DELETE of a resource.',
    otherwise: 'Heroku treats any other answer as a failure and retries for a day.',
    source: MYLOGGER,
    judge: answeredWith(({ again }) => again, 410),
  },
  {
    number: 'D08',
    name: 'no-return',
    strength: 'must',
    demands: 'Answers 410 to the provision request of a removed resource.',
    otherwise: 'A late retry creates a resource that Heroku does not know and no customer pays for.',
    source: AZIMUTT,
    judge: answeredWith(({ returning }) => returning, 410),
  },
  {
    number: 'D09',
    name: 'unknown-resource',
    strength: 'must',
    demands: 'Answers 410, 404 or 2xx to the DELETE of an unknown resource.',
    otherwise: 'This happens after a lost provision request; Heroku retries after a 5xx for a day.',
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
    demands: 'Answers 410 to a provision request that arrives after its DELETE.',
    otherwise: 'Requests may arrive out of order: the resource stays forever, and no customer pays for it.',
    source: REFERENCE,
    judge: answeredWith(({ late }) => late, 410),
  },
  {
    number: 'D11',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise: 'Heroku times out after 25 seconds and may lower that; record the purge and run it later.',
    source: LEGACY,
    judge: ({ removal, again, early, aimMs }) => inTime([removal, again, early], aimMs),
  },
]
