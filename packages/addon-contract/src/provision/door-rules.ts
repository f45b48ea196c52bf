// Which provision requests must be authorized, and in which format.
import type { Exchange } from '../exchange.ts'
import { answered, answeredWith, isSuccess } from '../expect.ts'
import { fail, pass, type Rule, skip } from '../rule.ts'
import { KENSA, REFERENCE, SAMPLE } from '../sources.ts'
import type { ProvisionEvidence } from './play.ts'

type E = ProvisionEvidence

const STRANGER =
  'Anyone who finds the address can provision, change and remove resources that your customers pay for.'

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
      if (because !== null) return skip(`it fails only for the reason of ${because}`)
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
    demands: 'Accepts requests with Accept: application/vnd.heroku-addons+json; version=3.',
    otherwise: 'Heroku sends exactly this header, so every call fails.',
    source: REFERENCE,
    judge: ({ opening, plainAccept }) =>
      isSuccessful(plainAccept) && plainAccept !== null
        ? fail('it accepts Accept: application/json, but not the header that Heroku sends', [
            opening,
            plainAccept,
          ])
        : isSuccessful(opening)
          ? pass
          : skip('no request was accepted'),
  },
  {
    number: 'P03',
    name: 'grant-date',
    strength: 'must',
    demands: 'Accepts an expires_at whose offset has no colon (-0800).',
    otherwise: 'Heroku writes it that way; a strict RFC 3339 parser refuses every provision.',
    source: SAMPLE,
    judge: ({ opening, plainAccept, plainDate }) =>
      isSuccessful(plainDate) && plainDate !== null && !isSuccessful(plainAccept)
        ? fail('it accepts the date with Z, but not as Heroku writes it', [opening, plainDate])
        : isSuccessful(opening)
          ? pass
          : skip('no request was accepted'),
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
    demands: 'Answers 401 to a malformed Authorization header.',
    otherwise: 'An error page or a 500 shows an attacker where to continue.',
    source: REFERENCE,
    judge: answeredWith(({ brokenCredentials }) => brokenCredentials, 401),
  },
]

function isSuccessful(exchange: Exchange | null): boolean {
  return exchange?.answer != null && isSuccess(exchange.answer.status)
}
