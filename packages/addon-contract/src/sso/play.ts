// Signs in as a browser does that comes from Heroku, with valid and with forged forms.
import { createHash } from 'node:crypto'
import { ssoForm } from 'heroku-simulator'
import { NothingToPlay } from '../cannot-play.ts'
import { CookieJar } from '../cookies.ts'
import { type Exchange, headerValues } from '../exchange.ts'
import { deprovision, provisioned } from '../resources.ts'
import type { Stage } from '../stage.ts'
import type { World } from '../world.ts'

/** A sign-in and the page that it led to. */
export interface Visit {
  post: Exchange
  /** The page after all redirects; the answer to the post itself if it did not redirect. */
  page: Exchange | null
}

export interface SsoEvidence {
  isTls: boolean
  wantsNavHeader: boolean
  navData: string
  visit: Visit
  /** The same page, requested without the cookies. */
  uninvited: Exchange | null
  again: Exchange
  odd: Exchange
  olderToken: Exchange
  newerToken: Exchange
  forged: Exchange
  swappedUser: Exchange
  swappedResource: Exchange
  stale: Exchange
  future: Exchange
  noTime: Exchange
  noToken: Exchange
  unknown: Exchange
  byGet: Exchange
  lured: Exchange
  /** The page of the first resource after a second one was opened in the same browser. */
  otherTab: Exchange | null
  deprovisioned: Exchange
}

type Fields = Record<string, string | undefined>

const PERSON = {
  userId: '3c9d1e2f-7a8b-4c5d-9e0f-112233445566',
  email: 'dev@example.com',
  app: 'tidy-river-1234',
  contextApp: 'tidy-river-1234',
}
const STRANGER = { user_id: 'aaaaaaaa-7a8b-4c5d-9e0f-112233445566', email: 'intruder@example.org' }
const LURE = 'https://elsewhere.example/'
const LURES = ['path', 'return_to', 'redirect', 'redirect_uri', 'next', 'url', 'to']
const SIX_MINUTES = 6 * 60
const MAX_REDIRECTS = 5

export async function playSso({ world }: Stage): Promise<SsoEvidence> {
  const { addon, random, navHeader } = world
  const { ssoUrl, ssoSalt } = addon
  if (ssoUrl === null || ssoSalt === null)
    throw new NothingToPlay('the manifest has no sso_url or no sso_salt')
  const { uuid } = await provisioned(world)
  const { uuid: other } = await provisioned(world)
  const navData = Buffer.from(JSON.stringify({ addon: addon.id, appname: PERSON.app })).toString('base64url')

  const now = () => Math.floor(Date.now() / 1_000)
  const formFor = (id: string, person = PERSON, timestamp = now()): Fields => ({
    ...ssoForm({ ssoUrl, ssoSalt }, id, person, timestamp).fields,
    ...(navHeader && { 'nav-data': navData }),
  })
  const post = (what: string, fields: Fields, cookie: string | null = null) =>
    postForm(world, ssoUrl, what, fields, cookie)
  const digest = (algorithm: string, ...parts: string[]) =>
    createHash(algorithm).update(parts.join(':')).digest('hex')

  const good = formFor(uuid)
  const browser = new CookieJar()
  const visit = await follow(world, browser, await post('a user opens the add-on', good))
  const uninvited =
    visit.page && (await get(world, visit.page.request.url, 'the same page, without the cookies'))
  const again = await post('the user opens it again', formFor(uuid), browser.header(ssoUrl))
  const { resource_token: _sha1, ...newer } = formFor(uuid)
  const { user_scoped_resource_token: _sha256, ...older } = formFor(uuid)
  const { user_scoped_resource_token: _a, resource_token: _b, ...tokenless } = good
  const time = 'yesterday'

  const evidence = {
    isTls: ssoUrl.startsWith('https:'),
    wantsNavHeader: navHeader,
    navData,
    visit,
    uninvited,
    again,
    odd: await post(
      'an e-mail address with capitals and a plus',
      formFor(uuid, { ...PERSON, email: 'Dev+Logs@Example.com' }),
    ),
    olderToken: await post('with the SHA-1 token alone', older),
    newerToken: await post('with the SHA-256 token alone', newer),
    forged: await post('with invented tokens', {
      ...good,
      resource_token: random.hex(40),
      user_scoped_resource_token: random.hex(64),
    }),
    swappedUser: await post('with the tokens of one user and the name of another', {
      ...good,
      ...STRANGER,
    }),
    swappedResource: await post('with the tokens of one resource and the id of another', {
      ...good,
      resource_id: other,
    }),
    stale: await post('six minutes old', formFor(uuid, PERSON, now() - SIX_MINUTES)),
    future: await post('six minutes in the future', formFor(uuid, PERSON, now() + SIX_MINUTES)),
    noTime: await post('with a timestamp that is not a number', {
      ...good,
      timestamp: time,
      resource_token: digest('sha1', uuid, ssoSalt, time),
      user_scoped_resource_token: digest('sha256', uuid, ssoSalt, time, PERSON.userId, PERSON.email),
    }),
    noToken: await post('without any token', tokenless),
    unknown: await post('an unknown resource', formFor(random.uuid())),
    byGet: await get(
      world,
      `${ssoUrl}?${new URLSearchParams(present(good))}`,
      'by GET, with everything in the address',
    ),
    lured: await post('with a redirect to another site', {
      ...formFor(uuid),
      ...Object.fromEntries(LURES.map((name) => [name, LURE])),
    }),
    otherTab: await inOtherTab(),
  }
  await deprovision(world, uuid)
  return { ...evidence, deprovisioned: await post('a removed resource', formFor(uuid)) }

  async function inOtherTab(): Promise<Exchange | null> {
    if (visit.page === null) return null
    const { url } = visit.page.request
    // A new browser: the sign-ins since may have ended the session of the first, as the add-on may do.
    const tabs = new CookieJar()
    await follow(world, tabs, await post('one resource in one tab', formFor(uuid)))
    await follow(
      world,
      tabs,
      await post('another in a second tab', formFor(other), tabs.header(ssoUrl ?? '')),
    )
    return get(world, url, 'the first tab, after another resource was opened in a second', tabs.header(url))
  }
}

export function isLured({ answer, request }: Exchange): boolean {
  const [location] = answer ? headerValues(answer.headers, 'location') : []
  if (location === undefined || !URL.canParse(location, request.url)) return false
  return new URL(location, request.url).host === new URL(LURE).host
}

async function follow(world: World, browser: CookieJar, post: Exchange): Promise<Visit> {
  let page = post
  for (let hop = 0; hop < MAX_REDIRECTS; hop++) {
    if (page.answer === null) return { post, page: null }
    browser.keep(page.answer)
    const [location] = headerValues(page.answer.headers, 'location')
    if (page.answer.status < 300 || page.answer.status > 399 || location === undefined) break
    if (!URL.canParse(location, page.request.url)) return { post, page: null }
    const url = new URL(location, page.request.url).href
    page = await get(world, url, 'the redirect', browser.header(url))
  }
  return { post, page }
}

function postForm(world: World, url: string, what: string, fields: Fields, cookie: string | null) {
  const headers: [string, string][] = [
    ['Content-Type', 'application/x-www-form-urlencoded'],
    ['Accept', 'text/html'],
    // The form is on one of Heroku's pages.
    ['Origin', 'https://addons-sso.heroku.com'],
  ]
  if (cookie !== null) headers.push(['Cookie', cookie])
  const body = new URLSearchParams(present(fields)).toString()
  return world.send({ what, method: 'POST', url, headers, body })
}

function get(world: World, url: string, what: string, cookie: string | null = null): Promise<Exchange> {
  const headers: [string, string][] = [['Accept', 'text/html']]
  if (cookie !== null) headers.push(['Cookie', cookie])
  return world.send({ what, method: 'GET', url, headers })
}

function present(fields: Fields): Record<string, string> {
  return Object.fromEntries(
    Object.entries(fields).filter((pair): pair is [string, string] => pair[1] !== undefined),
  )
}
