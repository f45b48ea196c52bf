import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildClient } from '../../src/page/client-build.ts'
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
  await service.logs.makeTables([7], new Date(NOON / 1000))
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
    expect(answer.body.match(/<article class="row/g)).toHaveLength(200)
    expect(answer.body).toContain(
      '<time class="time" datetime="2026-11-21T10:00:00.000000Z" title="2026-11-21 10:00:00.000000 UTC">10:00:00.000</time><span class="process h1" title="web.1">web.1</span>',
    )
    expect(answer.body).toContain('line number 448.')
    expect(answer.body).not.toContain('line number 0.')
  })

  it('names the resource and its plan and leads back to Heroku', async () => {
    const { body } = await open()
    expect(body).toContain('<h1>culvert-deep-1</h1>')
    expect(body).toMatch(/<span class="plan">standard/)
    expect(body).toContain('href="https://dashboard.heroku.com/apps/tidy-river-staging/resources"')
  })

  it('shows what a line says and never obeys it', async () => {
    const { body } = await open()
    // Values in it can be clicked; apart from that it stands there letter by letter.
    expect(body.replace(/<\/?span[^>]*>/g, '')).toContain(
      '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&lt;img src=x onerror=&#39;y&#39;&gt;&amp;amp; &lt;/td&gt;',
    )
    expect(body).toContain('>&lt;b&gt;&quot;web&quot;</span>')
    expect(body).not.toMatch(/<script(?! (?:type="module"|defer) src="\/assets\/)|<img|<b>/)
  })

  it('shows a search as it was typed, and never obeys it', async () => {
    const { body } = await open(`?q=${encodeURIComponent('"><script>x')}`)
    expect(body).toContain('value="&quot;&gt;&lt;script&gt;x"')
    expect(body).not.toContain('<script>')
  })

  it('runs nothing but its own script, loads nothing from elsewhere, and is not kept or framed', async () => {
    const { headers, body } = await open()
    expect(headers['content-security-policy']).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'",
    )
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cache-control']).toBe('no-store')
    expect(body).not.toMatch(/ style=| on\w+=["']|<style|<script(?! (?:type="module"|defer) src="\/assets\/)/)
  })

  it('finds its style sheets and its script, which a browser may keep', async () => {
    const { body } = await open()
    const found = async (path: string | undefined, type: string) => {
      const answer = await service.app.inject({ url: path ?? '', headers: { 'accept-encoding': 'gzip, br' } })
      expect(answer.statusCode).toBe(200)
      expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`)
      expect(answer.headers['cache-control']).toContain('immutable')
      expect(answer.headers['content-encoding']).toBe('gzip')
      return gunzipSync(answer.rawPayload)
    }
    const sheets = [...body.matchAll(/<link rel="stylesheet" href="([^"]+)">/g)].map(([, path]) => path)
    expect(sheets).toHaveLength(2)
    for (const sheet of sheets) await found(sheet, 'text/css')
    const script = /<script type="module" src="([^"]+)">/.exec(body)?.[1]
    expect((await found(script, 'text/javascript')).length).toBeGreaterThan(10_000)
    expect((await service.app.inject('/assets/page-nothing.js')).statusCode).toBe(404)
  })

  it('sends a script of less than 60 kB to the page', () => {
    const { files, entries } = buildClient()
    const size = (names: string[]) =>
      files
        .filter(({ name }) => names.includes(name) || name.startsWith('shared-'))
        .reduce((sum, { contents }) => sum + gzipSync(contents).length, 0)
    expect(size([entries.page ?? ''])).toBeLessThan(60_000)
    expect(size([entries.overview ?? ''])).toBeLessThan(60_000)
    expect(size([entries.endpoints ?? ''])).toBeLessThan(60_000)
  })

  it('has a language, a title, landmarks, and a label for its search box', async () => {
    const { body } = await open()
    for (const part of [
      '<html lang="en">',
      '<title>culvert-deep-1 · Culvert</title>',
      '<header',
      '<main>',
      '<nav class="tabs" aria-label="Views">',
      '<nav class="pages" aria-label="Pages">',
      'role="search"',
      'for="q">',
      '<input id="q"',
      'role="feed" aria-label="Log lines"',
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
    const rows = (body: string) => body.slice(body.indexOf('<article'), body.lastIndexOf('</article>'))
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
      '<span>Understood as </span><code>number &quot;(4&quot; OR &quot;\\&quot;&lt;b&gt;&quot;</code>',
    )
    expect(body).toContain('Character 12: this parenthesis is never closed.')
    expect(body).toContain('Character 18: this quote is never closed; taken as text.')
    expect((await open('?q=number+4')).body).not.toContain('Understood')
  })

  it('says what it waits for while there are no lines yet', async () => {
    const fresh = (await provisioned(service)).id
    const { statusCode, body } = await open('', fresh, await signedIn(service, fresh))
    expect(statusCode).toBe(200)
    expect(body).toContain('Waiting for the first lines')
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

  it('leads through sign-in to what was asked for without a session', async () => {
    const link = `/resources/${id}?q=level%3Aerror&line=1795266306509238-1795266306533000`
    const refused = await service.app.inject({ url: link, headers: { accept: 'text/html' } })
    expect(refused.statusCode).toBe(401)
    expect(refused.body).toContain('href="https://dashboard.heroku.com"')
    const kept = refused.cookies.find(({ name }) => name === 'culvert_return')
    expect(kept).toMatchObject({ path: `/resources/${id}`, httpOnly: true, sameSite: 'Lax', secure: true })
    const both = `${cookie}; culvert_return=${encodeURIComponent(kept?.value ?? '')}`
    const home = await open('', id, both)
    expect(home.statusCode).toBe(303)
    expect(home.headers.location).toBe(link)
    // Once: whoever opens the plain page later gets it.
    expect(home.cookies.find(({ name }) => name === 'culvert_return')?.maxAge).toBe(0)
    expect((await open('?q=other', id, both)).statusCode).toBe(200)
  })

  it('leads to any page of the resource', async () => {
    for (const page of ['?q=x', '/overview', '/overview?hours=6', '/endpoints']) {
      const path = `/resources/${id}${page}`
      const answer = await open('', id, `${cookie}; culvert_return=${encodeURIComponent(path)}`)
      expect([answer.statusCode, answer.headers.location]).toEqual([303, path])
    }
  })

  it('leads nowhere but to pages of the resource', async () => {
    for (const path of [
      'https://elsewhere.example/',
      '//elsewhere.example',
      `/resources/${id}/../other`,
      `/resources/${id}\\elsewhere`,
      `/resources/${id}x`,
      `/resources/${id}/tokens`,
      `/resources/${id}`,
    ]) {
      const answer = await open('', id, `${cookie}; culvert_return=${encodeURIComponent(path)}`)
      expect(answer.statusCode).toBe(200)
    }
  })

  it('draws no lines where the address asks for others than the newest', async () => {
    expect((await open('?at=2026-11-21T10:00:00Z')).body).not.toContain('<article')
    expect((await open('/overview')).body).toContain('id="charts"')
    expect((await open('/endpoints')).body).toContain('id="endpoints"')
  })
})
