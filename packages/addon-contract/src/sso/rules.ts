// Which sign-ins an add-on must accept, and which it must refuse.
import { type Cookie, cookiesOf } from '../cookies.ts'
import { type Exchange, headerValues } from '../exchange.ts'
import { answered, answeredWith, isSuccess, withAnswer } from '../expect.ts'
import { showsNavHeader } from '../nav-header.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { KENSA, OWASP_SESSIONS, SIGN_ON } from '../sources.ts'
import { isLured, type SsoEvidence } from './play.ts'

type E = SsoEvidence

const navHeader = { when: 'asked for with --nav-header', applies: ({ wantsNavHeader }: E) => wantsNavHeader }
const setsCookie = {
  when: 'signing in sets a cookie',
  applies: ({ visit }: E) => sessionCookies(visit.post).length > 0,
}
const INTRUDER = "An attacker reads a customer's data."

export const SSO_RULES: readonly Rule<E>[] = [
  {
    number: 'S01',
    name: 'signs-in',
    strength: 'must',
    demands: 'Signs in a user whom Heroku vouches for: a form with both tokens leads to a page.',
    otherwise: 'No customer can open the add-on.',
    source: SIGN_ON,
    judge: ({ visit }) => {
      const { post, page } = visit
      if (post.answer === null) return fail(`no answer: ${post.failure}`, [post])
      if (isSignedIn(post) && page?.answer?.status === 200) return pass
      const status = page?.answer?.status ?? post.answer.status
      return fail(
        `it ends with ${status}, not with 200`,
        page === null || page === post ? [post] : [post, page],
      )
    },
  },
  {
    number: 'S02',
    name: 'email-as-it-is',
    strength: 'must',
    demands: 'Accepts an e-mail address with capitals and a plus.',
    otherwise:
      'The token covers the address as sent; changing its case or decoding the plus as a space locks users out.',
    source: SIGN_ON,
    judge: admits(({ odd }) => odd),
  },
  {
    number: 'S03',
    name: 'older-token',
    strength: 'should',
    demands: 'Accepts a form with the SHA-1 token alone, or refuses it with 403.',
    otherwise: 'It is the older token; an add-on that no longer accepts it should answer 403.',
    source: SIGN_ON,
    judge: withAnswer(
      ({ olderToken }) => olderToken,
      ({ status }, exchange) =>
        isSignedIn(exchange) || status === 403
          ? pass
          : fail(`answered ${status}, not 2xx, 3xx or 403`, [exchange]),
    ),
  },
  {
    number: 'S04',
    name: 'newer-token',
    strength: 'should',
    demands: 'Accepts a form with the SHA-256 token alone.',
    otherwise: 'It is the preferred token since February 2026; the other one will be removed.',
    source: SIGN_ON,
    judge: admits(({ newerToken }) => newerToken),
  },
  {
    number: 'S05',
    name: 'forged-token',
    strength: 'must',
    demands: 'Answers 403 to wrong tokens.',
    otherwise: INTRUDER,
    source: SIGN_ON,
    judge: answeredWith(({ forged }) => forged, 403),
  },
  {
    number: 'S06',
    name: 'swapped-user',
    strength: 'must',
    demands: 'Answers 403 if the user is not the one of the SHA-256 token.',
    otherwise: 'Anyone with one valid form signs in under any name: the SHA-1 token does not cover the user.',
    source: SIGN_ON,
    judge: unlessUnchecked(answeredWith(({ swappedUser }) => swappedUser, 403)),
  },
  {
    number: 'S07',
    name: 'swapped-resource',
    strength: 'must',
    demands: 'Answers 403 if the resource is not the one of the tokens.',
    otherwise: "A customer reads another customer's data.",
    source: SIGN_ON,
    judge: unlessUnchecked(answeredWith(({ swappedResource }) => swappedResource, 403)),
  },
  {
    number: 'S08',
    name: 'stale',
    strength: 'must',
    demands: 'Answers 403 to a form that is six minutes old.',
    otherwise: "A form in a log or a browser's history opens the add-on forever.",
    source: KENSA,
    judge: answeredWith(({ stale }) => stale, 403),
  },
  {
    number: 'S09',
    name: 'future',
    strength: 'should',
    demands: 'Answers 403 to a form from six minutes in the future.',
    otherwise: 'A form with a time far ahead is valid until then; allow clocks to differ by a minute.',
    source: SIGN_ON,
    judge: answeredWith(({ future }) => future, 403),
  },
  {
    number: 'S10',
    name: 'no-time',
    strength: 'must',
    demands: 'Answers 403 to a timestamp that is not a number, whatever its token.',
    otherwise: 'Compared as text or as NaN, no timestamp is ever too old.',
    source: SIGN_ON,
    judge: answeredWith(({ noTime }) => noTime, 403),
  },
  {
    number: 'S11',
    name: 'no-token',
    strength: 'must',
    demands: 'Answers 403 to a form without a token.',
    otherwise: INTRUDER,
    source: SIGN_ON,
    judge: unlessUnchecked(answeredWith(({ noToken }) => noToken, 403)),
  },
  {
    number: 'S12',
    name: 'unknown-resource',
    strength: 'must',
    demands: 'Answers 403, 404 or 410 for an unknown resource.',
    otherwise: 'An empty page, or an error that pages your on-call engineer.',
    source: SIGN_ON,
    judge: answeredWith(({ unknown }) => unknown, 403, 404, 410),
  },
  {
    number: 'S13',
    name: 'deprovisioned',
    strength: 'must',
    demands: 'Answers 403, 404 or 410 for a removed resource.',
    otherwise: 'A customer who removed the add-on can still read the data.',
    source: SIGN_ON,
    judge: answeredWith(({ deprovisioned }) => deprovisioned, 403, 404, 410),
  },
  {
    number: 'S14',
    name: 'not-by-get',
    strength: 'must',
    demands: 'Refuses a sign-in by GET.',
    otherwise: 'Tokens in addresses end up in logs and browser histories; version 3 signs in by POST.',
    source: SIGN_ON,
    judge: answered(
      ({ byGet }) => byGet,
      '4xx',
      (status) => status >= 400 && status < 500,
    ),
  },
  {
    number: 'S15',
    name: 'page-is-closed',
    strength: 'must',
    demands: 'Shows the page only with the cookies of a sign-in.',
    otherwise: 'Anyone with the address reads it.',
    source: OWASP_SESSIONS,
    judge: (evidence) => {
      const { post, page } = evidence.visit
      if (page === null || page === post || page.answer?.status !== 200)
        return skip('the sign-in does not lead to a page with its own address')
      return answered<E>(
        ({ uninvited }) => uninvited,
        'a refusal or a redirect',
        (status) => status >= 300,
      )(evidence)
    },
  },
  {
    number: 'S16',
    name: 'cookie-http-only',
    strength: 'must',
    demands: 'Sets its cookies HttpOnly.',
    otherwise: 'An injected script can steal the session.',
    source: OWASP_SESSIONS,
    ...setsCookie,
    judge: eachCookie(({ httpOnly }) => httpOnly, 'is not HttpOnly'),
  },
  {
    number: 'S17',
    name: 'cookie-secure',
    strength: 'must',
    demands: 'Sets its cookies Secure if it speaks https.',
    otherwise: 'The first http link sends the session unencrypted.',
    source: OWASP_SESSIONS,
    when: 'signing in sets a cookie, and sso_url is https',
    applies: ({ visit, isTls }) => isTls && sessionCookies(visit.post).length > 0,
    judge: eachCookie(({ secure }) => secure, 'is not Secure'),
  },
  {
    number: 'S18',
    name: 'cookie-same-site',
    strength: 'should',
    demands: 'Sets its cookies SameSite=Lax.',
    otherwise:
      "A browser withholds Strict on the redirect after the sign-in, which began on Heroku's page; it sends None with every request of another site.",
    source: OWASP_SESSIONS,
    ...setsCookie,
    judge: eachCookie(({ sameSite }) => sameSite === 'lax', 'is not SameSite=Lax'),
  },
  {
    number: 'S19',
    name: 'fresh-session',
    strength: 'must',
    demands: 'Starts a new session at each sign-in.',
    otherwise: 'An attacker who planted a cookie beforehand is signed in with the victim (session fixation).',
    source: OWASP_SESSIONS,
    ...setsCookie,
    judge: ({ visit, again }) => {
      const before = sessionCookies(visit.post)
      const after = again.answer === null ? [] : sessionCookies(again)
      if (!isSignedIn(again)) return skip('the second sign-in failed')
      const isNew = after.some(({ name, value }) =>
        before.every((one) => one.name !== name || one.value !== value),
      )
      return isNew ? pass : fail('the second sign-in set no new cookie', [visit.post, again])
    },
  },
  {
    number: 'S20',
    name: 'two-tabs',
    strength: 'should',
    demands: 'Keeps one resource open when another is opened in the same browser.',
    otherwise: "Staging and production in two tabs show each other's data, or sign each other out.",
    source: SIGN_ON,
    judge: (evidence) =>
      evidence.visit.page?.answer?.status === 200
        ? answeredWith<E>(({ otherTab }) => otherTab, 200)(evidence)
        : skip('the sign-in does not lead to a page'),
  },
  {
    number: 'S21',
    name: 'no-lure',
    strength: 'must',
    demands: 'Does not redirect to another site that the form names.',
    otherwise: "A link through Heroku, which users trust, ends on an attacker's page (open redirect).",
    source: SIGN_ON,
    judge: withAnswer(
      ({ lured }) => lured,
      (_answer, exchange) => (isLured(exchange) ? fail('it redirects there', [exchange]) : pass),
    ),
  },
  {
    number: 'S22',
    name: 'nav-cookie',
    strength: 'must',
    demands: 'Sets the cookie heroku-nav-data to the value of nav-data.',
    otherwise: 'kensa fails. Heroku itself deprecated the header in 2019.',
    source: KENSA,
    ...navHeader,
    judge: withAnswer(
      ({ visit }) => visit.post,
      (answer, exchange, { navData }) => {
        const cookie = cookiesOf(answer).find(({ name }) => name === 'heroku-nav-data')
        if (cookie === undefined) return fail('there is no such cookie', [exchange])
        return cookie.value === navData ? pass : fail('its value differs', [exchange])
      },
    ),
  },
  {
    number: 'S23',
    name: 'nav-header',
    strength: 'must',
    demands: "Shows Heroku's header: an element with the id heroku-header, or the boomerang script.",
    otherwise: 'kensa fails. Heroku itself deprecated the header in 2019.',
    source: KENSA,
    ...navHeader,
    judge: withAnswer(
      ({ visit }) => visit.page,
      ({ body, status }, exchange) => {
        if (status !== 200) return skip('the sign-in does not lead to a page')
        return showsNavHeader(body.toString()) ? pass : fail('the page has neither', [exchange])
      },
    ),
  },
]

function isSignedIn({ answer }: Exchange): boolean {
  if (answer === null) return false
  return (
    isSuccess(answer.status) ||
    (answer.status >= 300 && answer.status < 400 && headerValues(answer.headers, 'location').length > 0)
  )
}

function unlessUnchecked(judge: Rule<E>['judge']): Rule<E>['judge'] {
  return (evidence) =>
    isSignedIn(evidence.forged) ? skip('no token is checked at all: S05') : judge(evidence)
}

function admits(pick: (evidence: E) => Exchange): (evidence: E) => Verdict {
  return answered(pick, '2xx or 3xx', (status) => status >= 200 && status < 400)
}

function sessionCookies({ answer }: Exchange): Cookie[] {
  return answer === null ? [] : cookiesOf(answer).filter(({ name }) => name !== 'heroku-nav-data')
}

function eachCookie(isGood: (cookie: Cookie) => boolean, is: string): (evidence: E) => Verdict {
  return ({ visit }) => {
    const wrong = sessionCookies(visit.post).find((cookie) => !isGood(cookie))
    return wrong === undefined ? pass : fail(`the cookie ${wrong.name} ${is}`, [visit.post])
  }
}
