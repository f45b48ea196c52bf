// The page on log endpoints: how they are doing, and formats tried on the last lines.

import type { SimResource } from 'heroku-simulator'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { type Receiver, startReceiver } from '../endpoints/receiver.ts'
import { createToken, fetchFastly } from '../endpoints/world.ts'
import { eventually, openWorld, type Visitor, violations, type World } from './world.ts'

const TIMEOUT_MS = 60_000

let world: World
let resource: SimResource
let visitor: Visitor
let page: Page

beforeAll(async () => {
  world = await openWorld()
}, TIMEOUT_MS)
afterAll(() => world?.close())

/** On a resource of its own. */
async function arrive(options: Parameters<World['visitor']>[0] = {}): Promise<void> {
  resource = await world.provision({ backlogMinutes: 1 })
  visitor = await world.visitor(options)
  onTestFinished(() => visitor.context.close())
  page = visitor.page
  await visitor.signIn(resource)
}

/** A log endpoint `errors` that streams to a Logplex of its own. */
async function stream(fields: Record<string, string> = {}): Promise<{ receiver: Receiver; id: string }> {
  const receiver = await startReceiver()
  onTestFinished(() => receiver.close())
  const key = await createToken(world.service, resource.uuid)
  const call = async (method: string, path: string, body?: Record<string, string>) => {
    const answer = await fetchFastly(world.service.origin, key, method, path, body)
    expect([path, answer.status]).toEqual([path, 200])
    return answer.json
  }
  const [{ id }] = await call('GET', '/service')
  const version = `/service/${id}/version/1`
  const condition = { name: 'ours', statement: 'line.process == "web.9"', type: 'RESPONSE' }
  await call('POST', `${version}/condition`, condition)
  await call('POST', `${version}/logging/heroku`, {
    name: 'errors',
    format: 'sent: %{line.message}V',
    response_condition: 'ours',
    ...receiver.target,
    ...fields,
  })
  await call('PUT', `${version}/activate`)
  return { receiver, id }
}

const preview = () => page.getByRole('region', { name: 'Preview' })
const entry = () => page.locator('#endpoints').getByRole('listitem')
const rendered = async () =>
  (await preview().locator('.rendered code').allTextContents()).map((text) => text.trim())

describe('where there is no log endpoint yet', () => {
  it('is reached by keyboard, and says what to do', async () => {
    await arrive()
    const link = page.getByRole('link', { name: 'Endpoints' })
    for (let at = 0; at < 12 && !(await link.evaluate((one) => one.matches(':focus'))); at++)
      await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await eventually(() => page.locator('#endpoints').textContent()).toContain(
      'There is no log endpoint here yet',
    )
    const how = page.getByRole('region', { name: 'How to' })
    await eventually(() => how.textContent()).toMatch(/create --service-id \w{15,} --version latest/)
    expect(await how.textContent()).toContain(`FASTLY_API_ENDPOINT=${world.service.origin} `)
    await how.getByRole('button', { name: 'API tokens…' }).press('Enter')
    await page.getByRole('dialog', { name: 'API tokens' }).getByLabel('Name').fill('fastly')
    await page.keyboard.press('Enter')
    await eventually(() => page.getByRole('dialog').textContent()).toContain('culvert_')
    await page.keyboard.press('Escape')
    await visitor.shoot('endpoints-none')
    expect(await violations(page)).toEqual([])
    expect(visitor.problems).toEqual([])
  })

  it('a format is tried while it is typed, and told where it is wrong', async () => {
    await arrive()
    await world.print(resource, 'a line with <b onclick="alert(1)">markup</b>')
    await visitor.open(resource, '/endpoints')
    const format = preview().getByLabel('Format', { exact: true })
    await eventually(() => format.inputValue()).toContain('%h')
    await eventually(rendered).toHaveLength(10)
    await format.fill('%{line.process}V says %{line.message}V')
    await eventually(async () => (await rendered())[0]).toBe(
      'web.1 says a line with <b onclick="alert(1)">markup</b>',
    )
    expect(await preview().locator('b').count()).toBe(0)
    await eventually(() => page.locator('#how').textContent()).toContain(
      "--format '%{line.process}V says %{line.message}V'",
    )

    await format.fill('%{line.process}V says %{line.massage}V')
    await eventually(() => preview().getByRole('status').textContent()).toMatch(
      /^Format, character 25: .*line\.massage/,
    )
    expect(await preview().locator('mark').textContent()).toBe('l')
    expect(await format.getAttribute('aria-invalid')).toBe('true')
    await visitor.shoot('endpoints-wrong')
    expect(await violations(page)).toEqual([])

    await format.fill('%m %>s')
    await preview().getByLabel('Condition').fill('resp.status >= 200')
    await eventually(() => preview().getByRole('status').textContent()).toBe('')
    await eventually(async () => (await rendered()).every((text) => /^[A-Z]+ \d{3}$/.test(text))).toBe(true)
    expect((await rendered()).length).toBeGreaterThan(0)
    await preview().getByLabel('Condition').fill('resp.status >=')
    await eventually(() => preview().getByRole('status').textContent()).toContain('Condition, character 15:')
    expect(visitor.problems).toEqual([])
  })
})

describe('a log endpoint', () => {
  for (const colorScheme of ['light', 'dark'] as const) {
    it(
      `is shown with how it is doing, and looked at again and again, ${colorScheme}`,
      async () => {
        await arrive({ colorScheme })
        const { receiver, id } = await stream()
        await visitor.open(resource, '/endpoints')
        await eventually(() => entry().textContent()).toContain('waiting')
        const { host } = new URL(receiver.target.url)
        expect(await entry().textContent()).toContain(`to ${host}`)
        expect(await entry().textContent()).toContain('line.process == "web.9"')
        const button = page.getByRole('button', { name: 'Preview errors' })
        await button.focus()
        await world.print(resource, 'out with it', 'web.9')
        await eventually(() => entry().textContent()).toMatch(/^sending.*Sent1 line/)
        expect(receiver.messages()).toEqual(['sent: out with it'])
        receiver.answers = { status: 503 }
        await world.print(resource, 'not now', 'web.9')
        await eventually(() => entry().textContent()).toMatch(
          /^paused.*tried again.*Waiting1 line, the oldest for \d+ s.*Last error.*503/,
        )
        // Whatever was drawn anew meanwhile, the focus is where it was.
        expect(await button.evaluate((one) => one.matches(':focus'))).toBe(true)
        await page.keyboard.press('Enter')
        await eventually(rendered).toEqual(['sent: not now', 'sent: out with it'])
        expect(await page.locator('#how').textContent()).toContain(
          `update --service-id ${id} --version latest --autoclone --name errors`,
        )
        const everything = await page.content()
        expect(everything).not.toContain(receiver.target.token)
        await visitor.shoot(`endpoints-${colorScheme}`)
        expect(await violations(page)).toEqual([])
        receiver.answers = null
        await eventually(() => entry().textContent()).toMatch(/^sending.*Sent2 lines.*Last error.*and over/)
        expect(visitor.problems).toEqual([])
      },
      TIMEOUT_MS,
    )
  }

  it('finds room on a phone', async () => {
    await arrive({ viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' })
    await stream({ format: `%{line.message}V ${'%{json.escape(line.message)}V '.repeat(6)}` })
    await world.print(resource, `long ${'without-a-break'.repeat(20)}`, 'web.9')
    await visitor.open(resource, '/endpoints')
    await eventually(rendered).toHaveLength(1)
    await visitor.shoot('endpoints-phone')
    expect(await page.locator('html').evaluate((html) => html.scrollWidth - html.clientWidth)).toBe(0)
    expect(await violations(page)).toEqual([])
  })

  it('of a version that is not active is off, and the page says why', async () => {
    await arrive()
    const { id } = await stream()
    const key = await createToken(world.service, resource.uuid)
    await fetchFastly(world.service.origin, key, 'PUT', `/service/${id}/version/1/deactivate`)
    await visitor.open(resource, '/endpoints')
    await eventually(() => entry().textContent()).toMatch(/^off/)
    expect(await page.locator('#endpoints').textContent()).toContain('Version 1 is not active')
    await fetchFastly(world.service.origin, key, 'PUT', `/service/${id}/version/1/activate`)
    await fetchFastly(world.service.origin, key, 'PUT', `/service/${id}/version/1/clone`)
    await eventually(() => page.locator('#endpoints').textContent()).toContain(
      'Version 2 is newer and not active',
    )
  })
})
