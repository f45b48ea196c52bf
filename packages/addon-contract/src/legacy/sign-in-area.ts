// Kensa's `test sso`: the sign-in of before 2019, by POST to the sso_url, or by GET if the manifest has one address for
// everything.
import { createArea } from '../area.ts'
import { CannotPlay } from '../cannot-play.ts'
import { CookieJar, cookiesOf } from '../cookies.ts'
import { type Exchange, headerValues } from '../exchange.ts'
import { showsNavHeader } from '../nav-header.ts'
import { fail, pass, type Rule, skip, type Verdict } from '../rule.ts'
import { KENSA } from '../sources.ts'
import type { World } from '../world.ts'
import { NAV_DATA, pathOf, signInFields } from './requests.ts'
import { legacyResource, removeLegacy } from './resources.ts'

interface Evidence {
  invalid: Exchange
  stale: Exchange
  /** A valid sign-in and its redirects: one exchange for each hop. */
  visit: readonly Exchange[]
  /** The cookie `heroku-nav-data` as a browser sends it to the sso_url; null if there is none. */
  navData: string | null
}

const SIX_MINUTES = 6 * 60
const MAX_REDIRECTS = 10
const common = { strength: 'must', source: KENSA } as const

export const LEGACY_SSO_RULES: readonly Rule<Evidence>[] = [
  {
    ...common,
    number: 'K50',
    name: 'sso-token',
    demands: 'Answers 403 to a sign-in with an invalid token.',
    otherwise: 'Anyone can sign in as any user.',
    judge: ({ invalid }) => forbidden(invalid),
  },
  {
    ...common,
    number: 'K51',
    name: 'sso-timestamp',
    demands: 'Answers 403 to a sign-in that is six minutes old.',
    otherwise: 'Anyone with an old sign-in can replay it.',
    judge: ({ stale }) => forbidden(stale),
  },
  {
    ...common,
    number: 'K52',
    name: 'sso',
    demands: 'Leads a valid sign-in to a page that answers 200.',
    otherwise: 'Customers cannot open the add-on.',
    judge: ({ visit }) => (isIn(visit) ? pass : fail(`it ended with ${statusOf(visit.at(-1))}`, visit)),
  },
  {
    ...common,
    number: 'K53',
    name: 'sso-nav-data',
    demands: 'Keeps nav-data unchanged in a cookie heroku-nav-data that is sent to the sso_url.',
    otherwise: 'The navigation bar that Heroku had until 2019 stays empty.',
    judge: ({ visit, navData }) => {
      if (!isIn(visit)) return skip('the sign-in failed')
      if (navData === null) return fail('there is no such cookie', visit)
      return navData === NAV_DATA ? pass : fail('the cookie has another value', visit)
    },
  },
  {
    ...common,
    number: 'K54',
    name: 'sso-header',
    demands: 'Shows the navigation bar: a div#heroku-header, or a script with "boomerang" in its address.',
    otherwise: 'No effect today: Heroku removed the bar in 2019.',
    judge: ({ visit }) => {
      if (!isIn(visit)) return skip('the sign-in failed')
      const html = visit.at(-1)?.answer?.body.toString() ?? ''
      return showsNavHeader(html, 'div') ? pass : fail('it is not on the page', visit.slice(-1))
    },
  },
]

export function legacySsoArea(isAsync: boolean) {
  return createArea<Evidence>({
    name: 'sso',
    title: 'Single sign-on, as kensa does it',
    rules: LEGACY_SSO_RULES,
    async play({ world }) {
      const { ssoSalt: salt } = world.addon
      if (salt === null) throw new CannotPlay('the manifest has no sso_salt')
      const { id } = await legacyResource(world, isAsync)
      const now = Math.floor(Date.now() / 1_000)
      const good = signInFields({ id, salt, timestamp: now })
      const evidence = {
        invalid: await signIn(world, id, 'with an invalid token', { ...good, token: 'invalid' }),
        stale: await signIn(
          world,
          id,
          'six minutes old',
          signInFields({ id, salt, timestamp: now - SIX_MINUTES }),
        ),
        ...(await visit(world, id, good)),
      }
      await removeLegacy(world, id)
      return evidence
    },
  })
}

/** The older format of manifest has no sso_url: users are sent to the resource itself. */
function signIn(world: World, id: string, what: string, fields: Record<string, string>): Promise<Exchange> {
  const { ssoUrl, baseUrl } = world.addon
  if (ssoUrl === null) return get(world, `${baseUrl}${pathOf(id)}?${new URLSearchParams(fields)}`, what, null)
  return world.send({
    what,
    method: 'POST',
    url: ssoUrl,
    headers: [
      ['Content-Type', 'application/x-www-form-urlencoded'],
      ['Accept', 'text/html'],
    ],
    body: new URLSearchParams({ ...fields, id }).toString(),
  })
}

async function visit(
  world: World,
  id: string,
  fields: Record<string, string>,
): Promise<Pick<Evidence, 'visit' | 'navData'>> {
  const browser = new CookieJar()
  let page = await signIn(world, id, 'a user opens the add-on', fields)
  const hops = [page]
  while (page.answer !== null && hops.length <= MAX_REDIRECTS) {
    browser.keep(page.answer)
    const [location] = headerValues(page.answer.headers, 'location')
    const isRedirect = page.answer.status >= 300 && page.answer.status < 400
    if (!isRedirect || location === undefined || !URL.canParse(location, page.request.url)) break
    const url = new URL(location, page.request.url).href
    page = await get(world, url, 'the redirect', browser.header(url))
    hops.push(page)
  }
  return { visit: hops, navData: navDataOf(hops, browser, hops[0]?.request.url ?? '') }
}

function navDataOf(hops: readonly Exchange[], browser: CookieJar, url: string): string | null {
  const value = /(?:^|; )heroku-nav-data=([^;]*)/.exec(browser.header(url) ?? '')?.[1]
  if (value === undefined) return null
  // Unlike this jar, kensa's withholds Secure cookies over http.
  const last = hops
    .flatMap(({ answer }) => (answer === null ? [] : cookiesOf(answer)))
    .findLast(({ name }) => name === 'heroku-nav-data')
  return last?.secure && !url.startsWith('https:') ? null : value
}

function get(world: World, url: string, what: string, cookie: string | null): Promise<Exchange> {
  const headers: [string, string][] = [['Accept', 'text/html']]
  if (cookie !== null) headers.push(['Cookie', cookie])
  return world.send({ what, method: 'GET', url, headers })
}

function isIn(visit: readonly Exchange[]): boolean {
  const status = visit.at(-1)?.answer?.status ?? 0
  return status >= 200 && status < 300
}

function forbidden(exchange: Exchange): Verdict {
  const { answer, what } = exchange
  return answer?.status === 403 ? pass : fail(`${what}: ${statusOf(exchange)}, not 403`, [exchange])
}

function statusOf(exchange: Exchange | undefined): string {
  if (exchange?.answer) return `answered ${exchange.answer.status}`
  return `no answer, ${exchange?.failure ?? 'none was sent'}`
}
