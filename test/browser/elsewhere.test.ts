// Context, links, the chart over time, and what is behind the buttons.
import { readFile } from 'node:fs/promises'
import type { SimResource } from 'heroku-simulator'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import {
  eventually,
  followState,
  isSeen,
  openWorld,
  rowWith,
  type Visitor,
  violations,
  type World,
} from './world.ts'

const TIMEOUT_MS = 60_000

let world: World
let resource: SimResource
let visitor: Visitor
let page: Page

beforeAll(async () => {
  world = await openWorld()
  resource = await world.provision()
}, TIMEOUT_MS)
afterAll(() => world?.close())

async function arrive(path?: string): Promise<void> {
  visitor = await world.visitor({ permissions: ['clipboard-read', 'clipboard-write'], acceptDownloads: true })
  onTestFinished(() => visitor.context.close())
  page = visitor.page
  await visitor.signIn(resource)
  if (path !== undefined) await visitor.open(resource, path)
}

describe('context', () => {
  it('shows a hit among its neighbours on the same page, and Esc leads back to where it was', async () => {
    await world.print(resource, 'just before the needle in context')
    await world.print(resource, 'the needle itself', 'worker.1')
    await world.print(resource, 'just after the needle in context')
    await arrive('?q=needle+itself')
    await rowWith(page, 'the needle itself').waitFor()
    await page.keyboard.press('k')
    await page.keyboard.press('c')
    await eventually(() => isSeen(page, 'just before the needle')).toBe(true)
    await eventually(() => isSeen(page, 'the needle itself')).toBe(true)
    await eventually(() => isSeen(page, 'just after the needle')).toBe(true)
    expect(await page.locator('.row.hit').textContent()).toContain('the needle itself')
    expect(new URL(page.url()).searchParams.get('line')).not.toBeNull()
    await visitor.shoot('context')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'This process' }).click()
    await eventually(() => rowWith(page, 'just before the needle').count()).toBe(0)
    await eventually(() => isSeen(page, 'the needle itself')).toBe(true)
    await page.keyboard.press('Escape')
    await eventually(() => page.locator('#context-bar').isVisible()).toBe(false)
    await eventually(() => page.locator('.window > .row').count()).toBe(1)
    expect(await page.getByRole('searchbox').inputValue()).toBe('needle itself')
    // What it was opened from went on meanwhile.
    await world.print(resource, 'needle itself once more')
    await rowWith(page, 'needle itself once more').waitFor()
  })

  it('a copied link to a line leads others through Heroku and to the line', async () => {
    await world.print(resource, 'look at this line')
    await arrive()
    await rowWith(page, 'look at this line').locator('time').click()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await eventually(() => page.locator('#said').textContent()).toContain('Link copied')
    const link = await page.evaluate<string>('navigator.clipboard.readText()')
    const other = await world.visitor()
    onTestFinished(() => other.context.close())
    await other.page.goto(link)
    await other.page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await other.signIn(resource)
    await eventually(() => isSeen(other.page, 'look at this line')).toBe(true)
    expect(other.page.url()).toBe(link)
    expect(await other.page.locator('.row.hit').count()).toBe(1)
  })

  it('a link to a line that is no longer kept says so and shows its neighbours in time', async () => {
    const micros = (Date.now() - 60_000) * 1_000
    await arrive(`?line=${micros}-${micros}`)
    await rowWith(page, 'This line is no longer kept').waitFor()
    expect(await page.locator('.window > .row').count()).toBeGreaterThan(5)
  })

  it('follows one request through router and app', async () => {
    const id = '5f1f8a52-9c9e-4d53-8f2f-0a6f1f1d8a11'
    await world.print(resource, `[${id}] Started GET "/cart"`, 'web.2')
    await world.print(
      resource,
      `at=info method=GET path="/cart" host=x request_id=${id} fwd="203.0.113.9" dyno=web.2 connect=1ms service=12ms status=200 bytes=5`,
      'router',
      'heroku',
    )
    await arrive()
    await rowWith(page, '/cart').getByText(id.slice(0, 8), { exact: true }).click()
    await eventually(() => page.getByRole('searchbox').inputValue()).toBe(id)
    await eventually(() => page.locator('.window > .row').count()).toBe(2)
  })
})

describe('the chart over time', () => {
  it('comes after the lines, shows a span that is dragged over, and is not asked for while hidden', async () => {
    await arrive()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/histogram')) asked.push(request.url())
    })
    const chart = page.locator('#chart')
    await eventually(() => page.locator('#chart .lines').count()).toBeGreaterThan(0)
    const box = await chart.boundingBox()
    const { x = 0, y = 0, width = 0 } = box ?? {}
    await page.mouse.move(x + width * 0.9, y + 20)
    await page.mouse.down()
    await page.mouse.move(x + width - 1, y + 20, { steps: 4 })
    await visitor.shoot('chart')
    await page.mouse.up()
    await eventually(() => page.url()).toContain('from=')
    await eventually(() => followState(page)).toBe('Go live')
    await eventually(() => page.locator('.window > .row').count()).toBeGreaterThan(5)
    await page.getByRole('button', { name: 'Bars' }).click()
    await eventually(() => page.locator('#chart').isVisible()).toBe(false)
    await page.reload()
    await page.locator('.window > .row').first().waitFor()
    asked.length = 0
    await page.keyboard.press('End')
    await eventually(() => followState(page)).toBe('Live')
    expect(asked).toEqual([])
  })
})

describe('behind the buttons', () => {
  it('a search is saved, found again by its star, renamed, and forgotten', async () => {
    await arrive('?q=level:error')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('What fails')
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#said').textContent()).toBe('Saved as “What fails”')
    await visitor.open(resource)
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'What fails' }).click()
    await eventually(() => page.getByRole('searchbox').inputValue()).toBe('level:error')
    await eventually(() => page.locator('#save.is-saved').count()).toBe(1)
    await page.getByRole('button', { name: 'Save' }).click()
    await eventually(() => page.getByRole('textbox', { name: 'Name' }).inputValue()).toBe('What fails')
    await page.getByRole('textbox', { name: 'Name' }).fill('What breaks')
    await page.getByRole('button', { name: 'Rename' }).click()
    await eventually(() => page.locator('#said').textContent()).toBe('“What fails” is now “What breaks”')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('button', { name: 'What breaks' }).waitFor()
    await page.getByRole('button', { name: 'Delete saved search' }).click()
    await eventually(() => page.locator('#said').textContent()).toBe('“What breaks” is forgotten')
  })

  it('an alert is made of the search, muted, and deleted', async () => {
    await arrive('?q=level:error')
    await page.getByRole('button', { name: 'Alerts' }).click()
    const dialog = page.getByRole('dialog', { name: 'Alerts' })
    await dialog.getByLabel('Name').fill('It fails')
    expect(await dialog.getByLabel('Search').inputValue()).toBe('level:error')
    await dialog.getByLabel('Webhook').fill('https://hooks.example.com/services/T0/B0/secret')
    await dialog.getByRole('button', { name: 'Create the alert' }).click()
    const entry = dialog.getByRole('listitem')
    await eventually(() => entry.textContent()).toContain(
      'More than 10 in 5 min of level:error · to hooks.example.com',
    )
    expect(await dialog.textContent()).not.toContain('T0/B0')
    await visitor.shoot('alerts')
    expect(await violations(page)).toEqual([])
    await entry.getByRole('button', { name: 'Mute 1 h' }).click()
    await eventually(() => entry.textContent()).toContain('muted')
    await entry.getByRole('button', { name: 'Change It fails' }).click()
    await eventually(() => dialog.getByLabel('Name').inputValue()).toBe('It fails')
    expect(await dialog.getByLabel('Webhook').inputValue()).toBe('')
    await dialog.getByLabel('Name').fill('It fails much')
    await dialog.getByLabel('Search').fill('level:fatal')
    await dialog.getByLabel('Tell me when').selectOption('silence')
    await dialog.getByLabel('Minutes').fill('30')
    await visitor.shoot('alert-changed')
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Save the alert' }).click()
    await eventually(() => entry.textContent()).toMatch(
      /^muted.*It fails much.*None for 30 min of level:fatal · to hooks\.example\.com/,
    )
    await entry.getByRole('button', { name: 'Change' }).click()
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    await dialog.getByRole('button', { name: 'Create the alert' }).waitFor()
    await entry.getByRole('button', { name: 'Delete' }).click()
    await eventually(() => dialog.getByRole('listitem').count()).toBe(0)
  })

  it('a rule drops lines, and what it saved is shown', async () => {
    await arrive()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Exclusion rules…' }).click()
    const dialog = page.getByRole('dialog', { name: 'Exclusion rules' })
    await dialog.getByLabel('Name').fill('Health checks')
    await dialog.getByLabel('Lines to drop').fill('path:/healthz')
    await dialog.getByRole('button', { name: 'Add the rule' }).click()
    await eventually(() => dialog.getByRole('listitem').textContent()).toContain('Saved 0 lines (0 B) today')
    await visitor.shoot('exclusions')
    expect(await violations(page)).toEqual([])
    await dialog.getByRole('button', { name: 'Delete Health checks' }).click()
    await eventually(() => dialog.getByRole('listitem').count()).toBe(0)
  })

  it('a token is shown once, tails with curl, and ends when it is revoked', async () => {
    await arrive()
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'API tokens…' }).click()
    const dialog = page.getByRole('dialog', { name: 'API tokens' })
    await dialog.getByLabel('Name').fill('my terminal')
    await dialog.getByRole('button', { name: 'Create a token' }).click()
    const token = (await dialog.locator('.secret').first().textContent()) ?? ''
    await visitor.shoot('tokens')
    expect(await violations(page)).toEqual([])
    const read = async () => {
      const answer = await fetch(`${world.service.origin}/resources/${resource.uuid}/lines`, {
        headers: { authorization: `Bearer ${token}` },
      })
      // Read to its end: a service that closes waits for whoever is still reading.
      await answer.arrayBuffer()
      return answer.status
    }
    expect(await read()).toBe(200)
    await dialog.getByRole('button', { name: 'Revoke my terminal' }).click()
    await eventually(() => dialog.getByRole('listitem').count()).toBe(0)
    expect(await dialog.textContent()).not.toContain(token)
    expect(await read()).toBe(401)
  })

  it('everything that a search finds comes as a file', async () => {
    await world.print(resource, 'to be taken along')
    await arrive('?q="to be taken along"')
    await rowWith(page, 'to be taken along').waitFor()
    await page.getByRole('button', { name: 'Export' }).click()
    await visitor.shoot('export')
    const download = page.waitForEvent('download')
    await page.getByRole('link', { name: 'Text', exact: true }).click()
    const file = await readFile(await (await download).path(), 'utf8')
    expect(file).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+\+00:00 app\[web\.1\]: to be taken along\n$/)
    await page.getByRole('button', { name: 'Export' }).click()
    const own = page.waitForEvent('download')
    await page.getByRole('button', { name: /^Text of \d+ lines?$/ }).click()
    expect(await readFile(await (await own).path(), 'utf8')).toBe(file)
  })

  it('plan, usage and fields are in sight', async () => {
    await arrive()
    await page.locator('#usage').click()
    const usage = page.getByRole('dialog', { name: 'Plan and usage' })
    await eventually(() => usage.textContent()).toMatch(
      /of 500 MB today.*lines are kept for 7 days.*heroku addons:upgrade/,
    )
    await visitor.shoot('usage')
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'More' }).click()
    await page.getByRole('button', { name: 'Fields and their values…' }).click()
    const fields = page.getByRole('dialog', { name: 'Fields and their values' })
    await fields.getByRole('rowheader', { name: 'status', exact: true }).waitFor()
    await visitor.shoot('fields')
    await fields.getByRole('button', { name: /^404/ }).first().click()
    await eventually(() => page.getByRole('searchbox').inputValue()).toBe('status:404')
  })

  it('the overview draws what the lines tell', async () => {
    await arrive('/overview')
    await eventually(() => page.locator('#charts').getAttribute('aria-busy')).toBe('false')
    await eventually(() => page.locator('.card .u-wrap').count()).toBeGreaterThan(2)
    await eventually(() => page.locator('#looked').textContent()).toMatch(/^From \d+ lines/)
    for (const title of ['Requests by status', 'Response time', 'Memory of dynos', 'Errors'])
      expect(await page.getByRole('region', { name: title }).count()).toBe(1)
    await visitor.shoot('overview')
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: '24 hours' }).click()
    await eventually(() => page.url()).toContain('hours=24')
    expect(visitor.problems).toEqual([])
  })
})
