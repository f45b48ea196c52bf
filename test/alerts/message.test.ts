import { expect, it } from 'vitest'
import { herokuLink } from '../../src/alerts/heroku-link.ts'
import {
  describe as inWords,
  type MessageContent,
  writeMessage,
  writeWebhook,
} from '../../src/alerts/message.ts'

const ID = '01234567-89ab-4def-8123-456789abcdef'
const CONTENT: MessageContent = {
  kind: 'fired',
  alert: {
    id: 'a-1',
    name: 'Checkout <fails> & more',
    q: 'level:error path:/cart*',
    condition: { kind: 'more_than', lines: 100, minutes: 5 },
  },
  resource: { id: ID, name: 'culvert-curly-41233' },
  window: { from: '2026-11-21T11:54:45.000Z', to: '2026-11-21T11:59:45.000Z' },
  lines: 101,
  isAll: false,
  ofLines: null,
  examples: [
    { sentAt: '2026-11-21T11:59:40.123456Z', process: 'web.1', message: 'TypeError: <b>\n  at cart.js' },
    { sentAt: '2026-11-21T11:59:39.000000Z', process: null, message: 'x'.repeat(400) },
  ],
}
const link = herokuLink('https://logs.example.com', ID, 'tidy-river-1234')

it('says what happened, shows lines, and leads to them through Heroku', () => {
  const { subject, text, url } = writeMessage(CONTENT, link)
  expect(subject).toBe('Firing: Checkout <fails> & more (culvert-curly-41233)')
  expect(text.split('\n')).toEqual([
    '101 lines or more: more than 100 lines in 5 minutes that match “level:error path:/cart*”.',
    '> 11:59:40 web.1 TypeError: <b> at cart.js',
    `> 11:59:39 ${'x'.repeat(300)}…`,
    `See the lines: ${url}`,
  ])
  const followed = new URL(url)
  expect(followed.origin + followed.pathname).toBe(
    `https://addons-sso.heroku.com/apps/tidy-river-1234/addons/${ID}`,
  )
  const path = new URL(followed.searchParams.get('path') as string, 'https://logs.example.com')
  expect(path.pathname).toBe(`/resources/${ID}`)
  expect(Object.fromEntries(path.searchParams)).toEqual({ q: CONTENT.alert.q, ...CONTENT.window })
})

it('leads to our own page where no app is known', () => {
  const { url } = writeMessage(
    { ...CONTENT, kind: 'recovered' },
    herokuLink('https://logs.example.com', ID, null),
  )
  expect(url).toBe(`https://logs.example.com/resources/${ID}?q=level%3Aerror+path%3A%2Fcart*`)
})

it('writes a webhook as Slack reads it, and the same for programs', () => {
  const written = writeWebhook('m-1', CONTENT, link) as { text: string; culvert: Record<string, unknown> }
  expect(written.text).toContain('*Firing: Checkout &lt;fails&gt; &amp; more (culvert-curly-41233)*')
  expect(written.text).not.toMatch(/<|&(?!lt;|gt;|amp;)/)
  expect(written.culvert).toMatchObject({
    id: 'm-1',
    kind: 'fired',
    alert: { id: 'a-1', q: CONTENT.alert.q },
    from: CONTENT.window?.from,
    lines: 101,
    lines_are_all: false,
    of_lines: null,
    examples: [{ process: 'web.1' }, { process: null }],
  })
})

it('describes each condition in words', () => {
  const f = (alert: Partial<MessageContent['alert']>, want: string) =>
    expect(inWords({ ...CONTENT.alert, ...alert })).toBe(want)
  f({ q: '', condition: { kind: 'silence', minutes: 1 } }, 'no line for a minute')
  f(
    { condition: { kind: 'more_than', lines: 1, minutes: 1 }, q: 'H12' },
    'more than 1 line in a minute that match “H12”',
  )
  f(
    {
      q: 'status:>=500',
      condition: { kind: 'ratio', ofQ: 'router', percent: 2.5, minutes: 10, atLeastLines: 50 },
    },
    'more than 2.5% of the lines in 10 minutes that match “router” match “status:>=500” too',
  )
})

it('says how many of how many', () => {
  const { text } = writeMessage({ ...CONTENT, lines: 30, ofLines: 1_200, isAll: true }, link)
  expect(text).toContain('30 of 1,200 lines (2.5%)')
})

it('says of a test that it is one, and of a recovery what is over', () => {
  expect(writeMessage({ ...CONTENT, kind: 'test', window: null, examples: [] }, link)).toMatchObject({
    subject: expect.stringMatching(/^Test: /),
    text: expect.stringContaining('more than 100 lines in 5 minutes'),
  })
  expect(writeMessage({ ...CONTENT, kind: 'recovered', examples: [] }, link)).toMatchObject({
    subject: expect.stringMatching(/^Over: /),
    text: expect.stringContaining('It is no longer so'),
  })
})
