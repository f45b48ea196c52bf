// How an add-on must answer a plan change.
import { areDeclared, areStrings } from '../config-vars.ts'
import { type Exchange, jsonObject } from '../exchange.ts'
import {
  answered,
  answeredWith,
  inTime,
  isSuccess,
  refusedInWords,
  succeeded,
  withAnswer,
  withBody,
} from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { AZIMUTT, KENSA, LEGACY, MYLOGGER, REFERENCE, TEMPLATE } from '../sources.ts'
import type { ChangePlanEvidence } from './play.ts'

type E = ChangePlanEvidence

const secondPlan = {
  when: 'a second plan is named with --plan',
  applies: ({ change }: E) => change !== null,
}
/** Skips if the plain request is refused too: then the unusual part is not the reason. */
const unlikePlain = (pick: (evidence: E) => Exchange): Rule<E>['judge'] => {
  const judge = succeeded(pick)
  return (evidence) =>
    isSuccess(evidence.samePlan.answer?.status ?? 0)
      ? judge(evidence)
      : skip('the plain request is refused too')
}
/** The change to the second plan, or else to the current one. */
const latest = ({ change, samePlan }: E): Exchange => change ?? samePlan

export const CHANGE_PLAN_RULES: readonly Rule<E>[] = [
  {
    number: 'C01',
    name: 'change-plan',
    strength: 'must',
    demands: 'Answers 200 or 202 to a change to another plan.',
    otherwise: "The customer's `heroku addons:upgrade` fails, and they stay on the old plan.",
    source: REFERENCE,
    ...secondPlan,
    judge: answeredWith(({ change }) => change, 200, 202),
  },
  {
    number: 'C02',
    name: 'same-plan',
    strength: 'must',
    demands: 'Answers 200 to a change to the current plan.',
    otherwise:
      'Heroku repeats a change whose answer was lost; the customer sees an error for a change that worked.',
    source: REFERENCE,
    judge: answeredWith(({ samePlan }) => samePlan, 200),
  },
  {
    number: 'C03',
    name: 'json',
    strength: 'must',
    demands: 'Answers with a JSON object.',
    otherwise: 'Heroku cannot read the answer.',
    source: LEGACY,
    judge: withAnswer(latest, (answer, exchange) =>
      answer.status >= 300
        ? skip('the request was refused')
        : jsonObject(answer.body) === null
          ? fail('the body is not a JSON object', [exchange])
          : pass,
    ),
  },
  {
    number: 'C04',
    name: 'config-declared',
    strength: 'must',
    demands: 'Gives, if any, only config vars that the manifest declares.',
    otherwise: 'Heroku refuses the answer, and the plan change fails.',
    source: TEMPLATE,
    judge: withBody(latest, ({ config }, exchange, { addon }) =>
      areDeclared(config, addon.configVars, exchange),
    ),
  },
  {
    number: 'C05',
    name: 'config-strings',
    strength: 'must',
    demands: 'Gives config, if any, as an object of strings.',
    otherwise: 'Heroku refuses the answer, and the plan change fails.',
    source: KENSA,
    judge: withBody(latest, ({ config }, exchange) => areStrings(config, exchange)),
  },
  {
    number: 'C06',
    name: 'message',
    strength: 'must',
    demands: 'Answers with a message that is a string, or without one.',
    otherwise: 'The command line shows it to the customer unchanged.',
    source: REFERENCE,
    judge: withBody(latest, ({ message }, exchange) =>
      message === undefined || message === null || typeof message === 'string'
        ? pass
        : fail(`message is ${JSON.stringify(message)}`, [exchange]),
    ),
  },
  {
    number: 'C07',
    name: 'wrong-credentials',
    strength: 'must',
    demands: 'Answers 401 to wrong credentials.',
    otherwise: 'Anyone can move your customers to another plan.',
    source: KENSA,
    judge: answeredWith(({ wrongCredentials }) => wrongCredentials, 401),
  },
  {
    number: 'C08',
    name: 'no-credentials',
    strength: 'must',
    demands: 'Answers 401 to a request without Authorization.',
    otherwise: 'Anyone can move your customers to another plan.',
    source: REFERENCE,
    judge: answeredWith(({ noCredentials }) => noCredentials, 401),
  },
  {
    number: 'C09',
    name: 'stranger-first',
    strength: 'should',
    demands: 'Answers 401 to wrong credentials for an unknown resource.',
    otherwise: 'An attacker learns which resources exist.',
    source: KENSA,
    judge: answeredWith(({ strangerUnknownResource }) => strangerUnknownResource, 401),
  },
  {
    number: 'C10',
    name: 'unknown-plan',
    strength: 'must',
    demands: 'Answers 422 to a plan that it does not sell.',
    otherwise: 'The customer pays for a plan that does not exist.',
    source: MYLOGGER,
    judge: answeredWith(({ unknownPlan }) => unknownPlan, 422),
  },
  {
    number: 'C11',
    name: 'unknown-plan-message',
    strength: 'must',
    demands: 'Refuses a plan with a message that says why.',
    otherwise: 'Heroku shows the message of a 422 to the customer; without one they see no reason.',
    source: LEGACY,
    judge: refusedInWords(({ unknownPlan }) => unknownPlan),
  },
  {
    number: 'C12',
    name: 'by-path',
    strength: 'must',
    demands: 'Uses the resource of the path, whatever uuid the body has.',
    otherwise: 'kensa, and perhaps Heroku, sends another uuid in the body.',
    source: KENSA,
    judge: unlikePlain(({ foreignUuid }) => foreignUuid),
  },
  {
    number: 'C13',
    name: 'unknown-fields',
    strength: 'must',
    demands: 'Accepts unknown fields.',
    otherwise: 'When Heroku adds a field, every plan change fails.',
    source: REFERENCE,
    judge: unlikePlain(({ unknownFields }) => unknownFields),
  },
  {
    number: 'C14',
    name: 'unknown-resource',
    strength: 'must',
    demands: 'Answers 404 or 410 for an unknown resource.',
    otherwise:
      'Heroku repeats the request after a 5xx for a day; after a 2xx it bills a resource that you do not have.',
    source: AZIMUTT,
    judge: answered(
      ({ unknownResource }) => unknownResource,
      '404 or 410',
      (status) => [404, 410].includes(status),
    ),
  },
  {
    number: 'C15',
    name: 'deprovisioned',
    strength: 'must',
    demands: 'Answers 410 for a removed resource.',
    otherwise: 'A late retry revives a removed resource.',
    source: AZIMUTT,
    judge: answeredWith(({ deprovisioned }) => deprovisioned, 410),
  },
  {
    number: 'C16',
    name: 'in-time',
    strength: 'should',
    demands: 'Answers within 3 seconds.',
    otherwise: 'Heroku times out after 25 seconds and may lower that; slower work belongs after a 202.',
    source: LEGACY,
    judge: ({ samePlan, change, unknownPlan, aimMs }) => inTime([samePlan, change, unknownPlan], aimMs),
  },
]
