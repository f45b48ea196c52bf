// The real page in a real browser, against the real service on a real Postgres, with the simulated Heroku before it: it
// provisions, drains traffic in, and signs people in by the form that its dashboard posts.
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import {
  backlog,
  createHeroku,
  createRandom,
  type Dashboard,
  formatMicros,
  type Heroku,
  openDashboard,
  play,
  type SimResource,
  toSimLine,
  traffic,
} from 'heroku-simulator'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'
import { expect } from 'vitest'
import { launchChromium } from '../support/chromium.ts'
import { startTestService, type TestService } from '../support/service.ts'

/** For people to look at; git ignores it. */
const SCREENSHOTS = fileURLToPath(new URL('../../screenshots/', import.meta.url))
const DESKTOP = { width: 1360, height: 850 }
/** A busy machine may take long; nothing here is about how long. */
const PATIENCE_MS = 15_000

export const eventually = <T>(read: () => T | Promise<T>) =>
  expect.poll(read, { timeout: PATIENCE_MS, interval: 50 })

/** Live, Paused, … */
export const followState = (page: Page) => page.locator('#follow-text').textContent()

export const rowWith = (page: Page, text: string) => page.locator('.window > .row', { hasText: text })

/** Whether a row with this text is in sight, all of it. */
export const isSeen = (page: Page, text: string) =>
  page.locator('#list').evaluate((list, wanted) => {
    const { top, bottom } = list.getBoundingClientRect()
    return [...list.querySelectorAll('.row')].some((row) => {
      const box = row.getBoundingClientRect()
      return row.textContent?.includes(wanted) && box.top >= top - 1 && box.bottom <= bottom + 1
    })
  }, text)

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** What axe has to say against the page as it is, in a line each. */
export async function violations(page: Page): Promise<string[]> {
  // Not by a script element, which the page's policy would refuse.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as {
      axe: {
        run(): Promise<{
          passes: unknown[]
          violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[]
        }>
      }
    }
    const { passes, violations } = await axe.run()
    if (passes.length < 10) return [`only ${passes.length} rules were looked at`]
    return violations.flatMap(({ id, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary ?? ''}`),
    )
  })
}

export interface World {
  service: TestService
  heroku: Heroku
  dashboard: Dashboard
  browser: Browser
  /** A resource of its own, with the traffic of some minutes in it. */
  provision(options?: { backlogMinutes?: number; name?: string }): Promise<SimResource>
  /** Lines of the app as they come, from now on; call what it returns to stop. */
  play(resource: SimResource, linesPerSecond: number): () => void
  /** One line of the app, now, as a dyno prints it. */
  print(resource: SimResource, message: string, process?: string, source?: 'app' | 'heroku'): Promise<void>
  /** A browser of its own, in which nobody is signed in. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>
  close(): Promise<void>
}

export interface Visitor {
  context: BrowserContext
  page: Page
  /** What went wrong in the page: exceptions, refused scripts and styles. */
  problems: string[]
  /** Opens the resource's page as a click in Heroku's dashboard does. */
  signIn(resource: SimResource): Promise<void>
  open(resource: SimResource, path?: string): Promise<void>
  shoot(name: string): Promise<void>
}

export async function openWorld(): Promise<World> {
  const [service, browser] = await Promise.all([startTestService(), launchChromium()])
  const { addon } = service.config
  const random = createRandom('browser')
  const heroku = createHeroku({
    addon: {
      id: addon.id,
      password: addon.passwords[0] ?? '',
      ssoSalt: addon.ssoSalts[0] ?? '',
      configVars: [addon.configVar],
      baseUrl: `${service.origin}/heroku/resources`,
      ssoUrl: `${service.origin}/sso/login`,
    },
    random,
    drains: { deliverTo: service.origin },
  })
  const dashboard = await openDashboard((uuid) => heroku.signIn(uuid))
  const drainOf = (resource: SimResource) => resource.drains[0] as (typeof resource.drains)[number]

  return {
    service,
    heroku,
    dashboard,
    browser,
    async provision({ backlogMinutes = 3, name } = {}) {
      const resource = await heroku.provision({ plan: 'test', ...(name === undefined ? {} : { name }) })
      const to = Date.now()
      const lines = backlog({
        seed: 7,
        from: to - backlogMinutes * 60_000,
        to,
        linesPerSecond: 2,
        app: resource.app,
      })
      for (const line of lines) drainOf(resource).push(toSimLine(line))
      await drainOf(resource).whenIdle()
      return resource
    },
    play(resource, linesPerSecond) {
      const lines = traffic({ seed: 8, startAt: Date.now(), linesPerSecond, app: resource.app })
      return play(lines, (line) => drainOf(resource).push(toSimLine(line)))
    },
    async print(resource, message, process = 'web.1', source = 'app') {
      const time = formatMicros(Date.now() * 1_000)
      drainOf(resource).push({ priority: 190, source, process, time, message: `${message}\n` })
      await drainOf(resource).whenIdle()
    },
    async visitor(options = {}) {
      const context = await browser.newContext({
        viewport: DESKTOP,
        colorScheme: 'light',
        locale: 'en-US',
        ...options,
      })
      context.setDefaultTimeout(PATIENCE_MS)
      const page = await context.newPage()
      const problems: string[] = []
      page.on('pageerror', (error) => problems.push(String(error.stack)))
      page.on('console', (message) => {
        if (message.type() === 'error') problems.push(message.text())
      })
      return {
        context,
        page,
        problems,
        async signIn(resource) {
          await page.goto(dashboard.signInUrl(resource.uuid))
          await page.waitForURL(`${service.origin}/resources/**`)
        },
        async open(resource, path = '') {
          await page.goto(`${service.origin}/resources/${resource.uuid}${path}`)
        },
        async shoot(name) {
          mkdirSync(SCREENSHOTS, { recursive: true })
          await page.screenshot({ path: `${SCREENSHOTS}${name}.png` })
        },
      }
    },
    async close() {
      await browser.close()
      heroku.stop()
      await dashboard.close()
      await service.close()
    },
  }
}
