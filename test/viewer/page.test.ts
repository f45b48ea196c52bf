import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { provisioned, type Service, signedIn, startService } from '../partner/service.ts'
import { delivery, frame } from '../support/deliveries.ts'

const NOON = Date.UTC(2026, 10, 21, 12) * 1000
const HOSTILE = '<script>alert("x")</script><img src=x onerror=\'y\'>&amp; </td></table>'

let service: Service
let id: string
let cookie: string

beforeAll(async () => {
  service = await startService()
  const resource = await provisioned(service, { name: 'culvert-deep-1', plan: 'standard' })
  id = resource.id
  cookie = await signedIn(service, id)
  await service.logs.maintain([7], new Date(NOON / 1000))
  const numbered = Array.from({ length: 449 }, (_, i) => frame(`line number ${i}.`))
  await service.logs.append([
    delivery([...numbered, frame(HOSTILE, { at: '2026-11-21T10:00:05.123456+00:00', process: '<b>"web"' })], {
      resourceNumber: resource.number,
    }),
  ])
})
afterAll(() => service.close())

function open(query = '', resource = id, sent = cookie) {
  return service.app.inject({
    url: `/resources/${resource}${query}`,
    headers: { cookie: sent, accept: 'text/html' },
  })
}

/** Follows the link with this text, as a person would. */
function linkOf(body: string, text: string): string | undefined {
  const href = new RegExp(`<a href="([^"]*)">${text}</a>`).exec(body)?.[1]
  return href?.replaceAll('&amp;', '&').replace(`/resources/${id}`, '')
}

describe('the page', () => {
  it('shows the newest 200 lines with time, source, process and message', async () => {
    const answer = await open()
    expect(answer.statusCode).toBe(200)
    expect(answer.headers['content-type']).toBe('text/html; charset=utf-8')
    expect(answer.body.match(/<tr><td>/g)).toHaveLength(200)
    expect(answer.body).toContain(
      '<time datetime="2026-11-21T10:00:00.000000Z">2026-11-21 10:00:00.000</time></td><td>app</td><td>web.1</td>',
    )
    expect(answer.body).toContain('line number 448.')
    expect(answer.body).not.toContain('line number 0.')
  })

  it('names the resource and its plan and leads back to Heroku', async () => {
    const { body } = await open()
    expect(body).toContain('<h1>culvert-deep-1</h1>')
    expect(body).toContain('Plan: standard')
    expect(body).toContain('href="https://dashboard.heroku.com"')
  })

  it('shows what a line says and never obeys it', async () => {
    const { body } = await open()
    expect(body).toContain(
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;y&#39;&gt;&amp;amp; &lt;/td&gt;',
    )
    expect(body).toContain('<td>&lt;b&gt;&quot;web&quot;</td>')
    expect(body).not.toMatch(/<script|<img|<b>/)
  })

  it('shows a search as it was typed, and never obeys it', async () => {
    const { body } = await open(`?q=${encodeURIComponent('"><script>x')}`)
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;x"')
    expect(body).not.toContain('<script')
  })

  it('runs nothing, loads nothing from elsewhere, and is not kept or framed', async () => {
    const { headers, body } = await open()
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cache-control']).toBe('no-store')
    expect(body).not.toMatch(/ style=| on\w+=["']|<style|<script/)
  })

  it('finds its style sheet, which a browser may keep', async () => {
    const path = /<link rel="stylesheet" href="([^"]+)">/.exec((await open()).body)?.[1]
    const style = await service.app.inject(path ?? '')
    expect(style.statusCode).toBe(200)
    expect(style.headers['content-type']).toBe('text/css; charset=utf-8')
    expect(style.headers['cache-control']).toContain('immutable')
  })

  it('has a language, a title, landmarks, and a label for its search box', async () => {
    const { body } = await open()
    for (const part of [
      '<html lang="en">',
      '<title>culvert-deep-1 · Culvert</title>',
      '<header',
      '<main>',
      '<nav class="pages" aria-label="Pages">',
      'role="search"',
      '<label for="q">',
      '<input id="q"',
      '<th scope="col">Message</th>',
      '<caption>',
    ]) {
      expect(body).toContain(part)
    }
  })

  it('leads through all lines to the oldest and back to the newest', async () => {
    const newest = (await open()).body
    expect(linkOf(newest, 'Newer')).toBeUndefined()
    const middle = (await open(linkOf(newest, 'Older'))).body
    const oldest = (await open(linkOf(middle, 'Older'))).body
    expect(oldest).toContain('line number 0.')
    expect(linkOf(oldest, 'Older')).toBeUndefined()
    const back = (await open(linkOf(oldest, 'Newer'))).body
    const rows = (body: string) => body.slice(body.indexOf('<tbody>'), body.indexOf('</tbody>'))
    expect(rows(back)).toBe(rows(middle))
    expect(rows((await open(linkOf(oldest, 'Newest'))).body)).toBe(rows(newest))
  })

  it('keeps the search while leafing', async () => {
    const found = (await open('?q=number+4&limit=5')).body
    expect(found).toContain('value="number 4"')
    expect(linkOf(found, 'Older')).toMatch(/^\?q=number\+4&before=/)
    expect(linkOf(found, 'Refresh')).toBe('?q=number+4')
  })

  it('says so when nothing was found', async () => {
    expect((await open('?q=nothing-like-this')).body).toContain('No line that is kept matches.')
  })

  it('shows a query as it was understood, and what of it was taken as text', async () => {
    const { body } = await open(`?q=${encodeURIComponent('number AND (4 OR "<b>')}`)
    expect(body).toContain(
      'Understood as <code>number &quot;(4&quot; OR &quot;\\&quot;&lt;b&gt;&quot;</code>',
    )
    expect(body).toContain('<li>At character 12: this parenthesis is never closed.</li>')
    expect(body).toContain('<li>At character 18: this quote is never closed; taken as text.</li>')
    expect((await open('?q=number+4')).body).not.toContain('Understood')
  })

  it('says what it waits for while there are no lines yet', async () => {
    const fresh = (await provisioned(service)).id
    const { statusCode, body } = await open('', fresh, await signedIn(service, fresh))
    expect(statusCode).toBe(200)
    expect(body).toContain('Waiting for the first lines.')
  })

  it('is an error page, with the way back, for an address that cannot be', async () => {
    const answer = await open('?before=nonsense')
    expect(answer.statusCode).toBe(422)
    expect(answer.headers['content-security-policy']).toContain("default-src 'none'")
    expect(answer.body).toContain('This address cannot be used')
  })

  it('has no place for the old navigation header', async () => {
    expect((await open()).body).not.toContain('heroku-header')
  })
})
