// Whom a provision must be taken from, and in which form.
import type { Exchange } from '../exchange.ts'
import { answered, answeredWith, isSuccess } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { KENSA, REFERENCE, SAMPLE } from '../sources.ts'
import type { ProvisionEvidence } from './play.ts'

type E = ProvisionEvidence

const STRANGER = 'Whoever finds the address provisions, changes and removes what your customers pay for.'

export const DOOR_RULES: readonly Rule<E>[] = [
  {
    number: 'P01',
    name: 'provision',
    strength: 'must',
    demands: "Answers Heroku's provision request with 200, 201 or 202.",
    otherwise: "The customer's `heroku addons:create` fails, with a stock message unless it is a 422 or 503.",
    source: REFERENCE,
    judge: (evidence) => {
      const because = isSuccessful(evidence.plainAccept)
        ? 'P02'
        : isSuccessful(evidence.plainDate)
          ? 'P03'
          : null
      if (because !== null) return skip(`it works but for what ${because} tells`)
      return answered<E>(
        ({ opening }) => opening,
        '200, 201 or 202',
        (status) => [200, 201, 202].includes(status),
      )(evidence)
    },
  },
  {
    number: 'P02',
    name: 'vendor-accept',
    strength: 'must',
    demands: 'Takes requests with Accept: application/vnd.heroku-addons+json; version=3.',
    otherwise: 'Heroku sends exactly this with every call, so every one fails.',
    source: REFERENCE,
    judge: ({ opening, plainAccept }) =>
      isSuccessful(plainAccept) && plainAccept !== null
        ? fail('it takes Accept: application/json, and not what Heroku sends', [opening, plainAccept])
        : isSuccessful(opening)
          ? pass
          : skip('no request was taken at all'),
  },
  {
    number: 'P03',
    name: 'grant-date',
    strength: 'must',
    demands: 'Takes an expires_at whose offset has no colon (-0800).',
    otherwise: 'Heroku writes it so, and a strict RFC 3339 reader refuses every provision.',
    source: SAMPLE,
    judge: ({ opening, plainAccept, plainDate }) =>
      isSuccessful(plainDate) && plainDate !== null && !isSuccessful(plainAccept)
        ? fail('it takes the date with Z, and not as Heroku writes it', [opening, plainDate])
        : isSuccessful(opening)
          ? pass
          : skip('no request was taken at all'),
  },
  {
    number: 'P04',
    name: 'wrong-password',
    strength: 'must',
    demands: 'Answers 401 to the right id with a wrong password.',
    otherwise: STRANGER,
    source: REFERENCE,
    judge: answeredWith(({ wrongPassword }) => wrongPassword, 401),
  },
  {
    number: 'P05',
    name: 'wrong-id',
    strength: 'must',
    demands: 'Answers 401 to a wrong id with the right password.',
    otherwise: STRANGER,
    source: KENSA,
    judge: answeredWith(({ wrongId }) => wrongId, 401),
  },
  {
    number: 'P06',
    name: 'no-credentials',
    strength: 'must',
    demands: 'Answers 401 to a request without Authorization.',
    otherwise: STRANGER,
    source: REFERENCE,
    judge: answeredWith(({ noCredentials }) => noCredentials, 401),
  },
  {
    number: 'P07',
    name: 'broken-credentials',
    strength: 'must',
    demands: 'Answers 401 to an Authorization that cannot be read.',
    otherwise: 'An error page or a 500 tells a stranger where to go on trying.',
    source: REFERENCE,
    judge: answeredWith(({ brokenCredentials }) => brokenCredentials, 401),
  },
]

function isSuccessful(exchange: Exchange | null): boolean {
  return exchange?.answer != null && isSuccess(exchange.answer.status)
}
