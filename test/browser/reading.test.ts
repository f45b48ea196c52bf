// Reading logs as people do it, in the real page.

import type { SimResource } from 'heroku-simulator'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { eventually, followState, isSeen, openWorld, rowWith, type Visitor, type World } from './world.ts'

const TIMEOUT_MS = 60_000

let world: World
let resource: SimResource
let visitor: Visitor
let page: Page

beforeAll(async () => {
  world = await openWorld()
  resource = await world.provision({ name: 'culvert-curly-1' })
}, TIMEOUT_MS)
afterAll(() => world?.close())

/** Somebody who came from Heroku's dashboard and has the lines before him. */
async function arrive(options: Parameters<World['visitor']>[0] = {}, path?: string): Promise<void> {
  visitor = await world.visitor(options)
  onTestFinished(() => visitor.context.close())
  page = visitor.page
  await visitor.signIn(resource)
  if (path !== undefined) await visitor.open(resource, path)
  await page.locator('.window > .row').first().waitFor()
}

const rows = () => page.locator('.window > .row')
const searchBox = () => page.getByRole('searchbox', { name: 'Search' })
const isAtEnd = () =>
  page.locator('#list').evaluate((list) => list.scrollTop + list.clientHeight > list.scrollHeight - 8)
describe('from the dashboard', () => {
  it('opens on the newest lines and follows them', async () => {
    await arrive()
    await eventually(() => followState(page)).toBe('Live')
    await eventually(isAtEnd).toBe(true)
    await world.print(resource, 'hello from the app')
    await rowWith(page, 'hello from the app').waitFor()
    await eventually(isAtEnd).toBe(true)
    expect(await page.locator('h1').textContent()).toBe('culvert-curly-1')
    await eventually(() => page.locator('#pulse').textContent()).toMatch(
      /^last line \d+ s ago · [\d.]+ lines\/s$/,
    )
    await visitor.shoot('live')
    expect(visitor.problems).toEqual([])
  })

  it('has the lines before a script has run, at the end of the list', async () => {
    await world.print(resource, 'the last line of all')
    await arrive()
    const plain = await world.visitor({ javaScriptEnabled: false })
    onTestFinished(() => plain.context.close())
    await plain.context.addCookies(await visitor.context.cookies())
    await plain.open(resource)
    page = plain.page
    const last = page.locator('.row', { hasText: 'the last line of all' })
    const list = await page.locator('#list').boundingBox()
    const box = await last.boundingBox()
    expect(box?.y).toBeGreaterThan((list?.y ?? 0) + (list?.height ?? 0) / 2)
    await plain.shoot('without-script')
  })

  it('says what it waits for where nothing has come in yet, and shows what comes', async () => {
    const fresh = await world.provision({ backlogMinutes: 0 })
    visitor = await world.visitor()
    onTestFinished(() => visitor.context.close())
    page = visitor.page
    await visitor.signIn(fresh)
    await page.getByRole('heading', { name: 'Waiting for the first lines' }).waitFor()
    await eventually(() => followState(page)).toBe('Live')
    await visitor.shoot('empty')
    await world.print(fresh, 'the very first line')
    await rowWith(page, 'the very first line').waitFor()
    expect(await page.getByRole('heading', { name: 'Waiting for the first lines' }).isVisible()).toBe(false)
  })
})

describe('while lines come in', () => {
  it('scrolling up holds what is read in its place, and a click follows again', async () => {
    await arrive()
    await page.locator('#list').hover()
    await page.mouse.wheel(0, -400)
    await eventually(() => followState(page)).toBe('Paused')
    const read = rows().nth(20)
    const before = { text: await read.textContent(), box: await read.boundingBox() }
    for (let at = 0; at < 5; at++) await world.print(resource, `meanwhile ${at}`)
    const paused = page.locator('#paused')
    await eventually(() => paused.textContent()).toMatch(/^Paused · \d+ new lines ↓$/)
    const after = rows()
      .filter({ hasText: before.text ?? '' })
      .first()
    expect((await after.boundingBox())?.y).toBeCloseTo(before.box?.y ?? 0, 0)
    // Where he reads is in the address: whoever opens it sees the same.
    await eventually(() => page.url()).toContain('at=20')
    await visitor.shoot('paused')
    await paused.click()
    await rowWith(page, 'meanwhile 4').waitFor()
    await eventually(isAtEnd).toBe(true)
    await eventually(() => page.url()).not.toContain('at=')
  })

  it('selecting text and opening a line hold it, too', async () => {
    await arrive()
    await world.print(resource, 'a line to open path=/cart')
    await rowWith(page, 'a line to open').locator('time').click()
    await eventually(() => followState(page)).toBe('Paused')
    expect(await page.locator('.detail').count()).toBe(1)
  })

  it('searching goes on live, and finds what is there already', async () => {
    await arrive()
    await world.print(resource, 'needle one')
    await world.print(resource, 'hay')
    await searchBox().fill('needle')
    await rowWith(page, 'needle one').waitFor()
    await eventually(() => rowWith(page, 'hay').count()).toBe(0)
    await world.print(resource, 'more hay')
    await world.print(resource, 'needle two')
    await rowWith(page, 'needle two').waitFor()
    expect(await rowWith(page, 'more hay').count()).toBe(0)
    expect(await page.locator('mark').first().textContent()).toBe('needle')
    expect(page.url()).toContain('q=needle')
    await page.goBack()
    await rowWith(page, 'more hay').first().waitFor()
    expect(await searchBox().inputValue()).toBe('')
  })

  it('a click on a value narrows the search to it, with Alt it excludes it', async () => {
    await arrive()
    await world.print(resource, 'order=17 paid')
    await world.print(resource, 'order=18 paid')
    await rowWith(page, 'order=17').getByText('17', { exact: true }).click()
    await eventually(() => searchBox().inputValue()).toBe('order:17')
    await eventually(() => rowWith(page, 'order=18').count()).toBe(0)
    await rowWith(page, 'order=17')
      .getByText('web.1', { exact: true })
      .click({ modifiers: ['Alt'] })
    await eventually(() => searchBox().inputValue()).toBe('order:17 -process:web.1')
    await page.getByRole('heading', { name: 'No line that is kept matches' }).waitFor()
  })

  it('says how a search was understood that is not what was typed', async () => {
    await arrive()
    await searchBox().fill('(timeout "open')
    await eventually(() => page.locator('#understood').textContent()).toContain(
      'this parenthesis is never closed',
    )
    expect(await page.locator('#understood code').textContent()).toBe('"(timeout" "\\"open"')
  })

  it('puts a stack trace together and folds repeats', async () => {
    await arrive()
    await world.print(resource, 'TypeError: no price')
    for (let at = 0; at < 9; at++) await world.print(resource, `    at frame${at} (cart.js:${at})`)
    const trace = rowWith(page, 'TypeError: no price')
    await eventually(() => trace.locator('.unfold').textContent()).toBe('… 7 more lines')
    await trace.locator('.unfold').click()
    await eventually(() => trace.textContent()).toContain('at frame8 (cart.js:8)')
    for (let at = 0; at < 4; at++) await world.print(resource, 'heartbeat', 'clock.1')
    await eventually(() => rowWith(page, 'heartbeat').locator('.repeats').textContent()).toBe('× 4')
  })
})

describe('going elsewhere', () => {
  it('goes to a time as people say it, and back to the live end', async () => {
    await arrive()
    await page.getByRole('button', { name: 'Time' }).click()
    await page.getByRole('textbox', { name: 'Go to a time' }).fill('2 min ago')
    await page.keyboard.press('Enter')
    await rowWith(page, 'The time that you asked for').waitFor()
    await eventually(() => isSeen(page, 'The time that you asked for')).toBe(true)
    await eventually(() => followState(page)).toBe('Go live')
    await visitor.shoot('time')
    await page.keyboard.press('End')
    await eventually(() => followState(page)).toBe('Live')
  })

  it('without a session, a link to a time leads through Heroku and back to it', async () => {
    visitor = await world.visitor()
    onTestFinished(() => visitor.context.close())
    page = visitor.page
    const at = new Date(Date.now() - 60_000).toISOString()
    await visitor.open(resource, `?at=${encodeURIComponent(at)}`)
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    await visitor.shoot('not-signed-in')
    await visitor.signIn(resource)
    await rowWith(page, 'The time that you asked for').waitFor()
    expect(new URL(page.url()).searchParams.get('at')).toBe(at)
  })
})
