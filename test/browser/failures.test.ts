// What a page shows where the browser or the network lets it down: never nothing, and always what to do.
import type { SimResource } from 'heroku-simulator'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, followState, openWorld, type Visitor, type World } from './world.ts'

const PAGES = ['', '/overview', '/endpoints'] as const
const SECRET = 'a-search-that-stays-secret'

let world: World
let resource: SimResource
beforeAll(async () => {
  world = await openWorld()
  resource = await world.provision()
}, 120_000)
afterAll(() => world.close())

/** Signed in, with this run before any script of a page, and pages that are closed when it is over. */
async function inBrowser(
  prepare: (visitor: Visitor) => Promise<unknown>,
  look: (visitor: Visitor) => Promise<void>,
  options = {},
): Promise<void> {
  const visitor = await world.visitor(options)
  await visitor.signIn(resource)
  await visitor.page.goto('about:blank')
  await prepare(visitor)
  try {
    await look(visitor)
  } finally {
    await visitor.context.close()
  }
}

/** All that a person sees below the bar. */
const shown = ({ page }: Visitor) => page.locator('main').innerText()
const notice = ({ page }: Visitor) => page.locator('main > .broken')
const firstPaint = ({ page }: Visitor) => page.locator('#list .row')

describe('a language that Intl does not know', () => {
  it('leaves the overview its charts', () =>
    inBrowser(
      ({ page }) =>
        page.addInitScript(`
          for (const [name, value] of [['language', 'en-US@posix'], ['languages', ['en-US@posix']]])
            Object.defineProperty(Navigator.prototype, name, { configurable: true, get: () => value })
        `),
      async (visitor) => {
        await visitor.open(resource, '/overview')
        await eventually(() =>
          visitor.page.locator('#charts .u-wrap, #charts canvas').count(),
        ).toBeGreaterThan(1)
        expect(await visitor.page.evaluate('navigator.language')).toBe('en')
        expect(visitor.problems).toEqual([])
        await visitor.shoot('failures-language')
      },
    ))
})

describe('a script that cannot be loaded', () => {
  it.each(PAGES)('is said on …%s, above the first paint', (path) =>
    inBrowser(
      // The guard's comes through; it is the first.
      ({ page }) =>
        page.route(/\/assets\/(page|overview|endpoints|shared)-.*\.js$/, (route) => route.abort()),
      async (visitor) => {
        await visitor.open(resource, path)
        await eventually(() => notice(visitor).innerText()).toMatch(/could not be loaded.*Reload/s)
        if (path === '') expect(await firstPaint(visitor).count()).toBeGreaterThan(5)
        await visitor.shoot(`failures-no-script${path.replace('/', '-')}`)
      },
    ),
  )
})

describe('an exception that no code catches', () => {
  it.each(PAGES)('is said on …%s by its kind and place, and nothing of its message', (path) =>
    inBrowser(
      async () => {},
      async (visitor) => {
        await visitor.open(resource, path)
        await visitor.page.locator('html.runs').waitFor()
        // As one of our own scripts: an extension's is none of ours.
        await visitor.page.evaluate(`
          const error = new RangeError('Unexpected ${SECRET}')
          const fail = (filename, lineno, colno) => dispatchEvent(new ErrorEvent('error', { error, filename, lineno, colno }))
          fail('chrome-extension://x/y.js', 1, 1)
          if (document.querySelector('.broken')) throw new Error('an extension is not ours')
          fail(location.origin + '/assets/page-ABC.js', 12, 34)
        `)
        expect(await notice(visitor).innerText()).toContain('RangeError in page-ABC.js, 12:34')
        expect(await shown(visitor)).not.toContain(SECRET)
        if (path === '') expect(await visitor.page.locator('.row').count()).toBeGreaterThan(5)
        await notice(visitor).getByRole('button', { name: 'Dismiss' }).click()
        expect(await notice(visitor).count()).toBe(0)
      },
    ),
  )
})

describe('an API that cannot be reached', () => {
  it.each(PAGES)('is said on …%s', (path) =>
    inBrowser(
      ({ page }) =>
        page.addInitScript(() => {
          globalThis.fetch = () => Promise.reject(new TypeError('Failed to fetch'))
        }),
      async (visitor) => {
        await visitor.open(resource, path)
        if (path === '') await eventually(() => visitor.page.locator('.row').count()).toBeGreaterThan(5)
        else await eventually(() => shown(visitor)).toMatch(/could not be reached|Try again/)
        expect(await notice(visitor).count()).toBe(0)
        await visitor.shoot(`failures-no-fetch${path.replace('/', '-')}`)
      },
    ),
  )
})

describe('a browser that keeps nothing', () => {
  it.each(PAGES)('shows …%s all the same', (path) =>
    inBrowser(
      ({ page }) =>
        page.addInitScript(() => {
          for (const name of ['localStorage', 'sessionStorage'])
            Object.defineProperty(globalThis, name, {
              get() {
                throw new DOMException('denied', 'SecurityError')
              },
            })
        }),
      async (visitor) => {
        await visitor.open(resource, path)
        await visitor.page.locator('html.runs').waitFor()
        await eventually(async () => (await shown(visitor)).length).toBeGreaterThan(100)
        if (path === '') await visitor.page.locator('#theme').click()
        expect(await notice(visitor).count()).toBe(0)
        expect(visitor.problems).toEqual([])
      },
    ),
  )
})

describe('a live tail that cannot be opened', () => {
  it('leaves the first paint, and says that it tries again, where the browser refuses EventSource', () =>
    inBrowser(
      ({ page }) =>
        page.addInitScript(() => {
          globalThis.EventSource = class {
            constructor() {
              throw new DOMException('no', 'SecurityError')
            }
          } as unknown as typeof EventSource
        }),
      async (visitor) => {
        await visitor.open(resource)
        await eventually(() => followState(visitor.page)).toBe('Reconnecting')
        expect(await firstPaint(visitor).count()).toBeGreaterThan(5)
        await visitor.shoot('failures-no-event-source')
      },
    ))

  it('leaves the first paint, and says that it tries again, where the network refuses it', () =>
    inBrowser(
      ({ page }) => page.route(/\/tail\?|\/tail$/, (route) => route.abort()),
      async (visitor) => {
        await visitor.open(resource)
        await eventually(() => followState(visitor.page)).toBe('Reconnecting')
        expect(await firstPaint(visitor).count()).toBeGreaterThan(5)
        await visitor.shoot('failures-no-tail')
      },
    ))
})
