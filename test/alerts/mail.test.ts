// E-mail, against a real SMTP server.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createMailer } from '../../src/alerts/mail.ts'
import { MailBudget } from '../../src/alerts/mail-budget.ts'
import { createWorld, type World } from './world.ts'

interface Received {
  from: string
  to: string[]
  user: string | undefined
  text: string
}

let server: SMTPServer
let received: Received[]
let refuse: number | null
let port: number

beforeAll(async () => {
  server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onAuth: ({ username, password }, _session, done) =>
      password === 'pass word' ? done(null, { user: username ?? '' }) : done(new Error('wrong password')),
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        if (refuse !== null) {
          done(Object.assign(new Error('not today, secret-subject'), { responseCode: refuse }))
          return
        }
        const { mailFrom, rcptTo } = session.envelope
        received.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          user: typeof session.user === 'string' ? session.user : undefined,
          text: Buffer.concat(chunks).toString(),
        })
        done()
      })
    },
  })
  server.on('error', () => {})
  const listening = server.listen(0, '127.0.0.1')
  await once(listening, 'listening')
  port = (listening.address() as AddressInfo).port
})
afterAll(() => new Promise<void>((done) => server.close(done)))
beforeEach(() => {
  received = []
  refuse = null
})

const MAIL = { to: 'team@example.com', subject: 'Firing: häh', text: 'a\n.\nb\n', messageId: 'm-1' }

describe('a mail', () => {
  it('arrives as it was written, from the sender of the settings', async () => {
    const mailer = createMailer({
      smtpUrl: `smtp://someone:pass%20word@127.0.0.1:${port}`,
      from: 'Culvert <alerts@logs.example.com>',
    })
    await mailer.send(MAIL)
    mailer.close()
    expect(received).toMatchObject([
      { from: 'alerts@logs.example.com', to: ['team@example.com'], user: 'someone' },
    ])
    const [mail] = received
    expect(mail?.text).toContain('From: Culvert <alerts@logs.example.com>')
    expect(mail?.text).toContain('Message-ID: <m-1@logs.example.com>')
    expect(mail?.text).toContain('Auto-Submitted: auto-generated')
    expect(mail?.text).toMatch(/Subject: =\?UTF-8\?/i)
    expect(mail?.text).toMatch(/Content-Type: text\/plain/i)
  })

  it('goes to one address and has one subject, whatever is in them', async () => {
    const mailer = createMailer({ smtpUrl: `smtp://127.0.0.1:${port}`, from: 'alerts@logs.example.com' })
    const subject = 'x\r\nBcc: victim@example.com\r\n\r\nbody'
    await mailer.send({ ...MAIL, subject })
    await mailer.send({ ...MAIL, to: 'team@example.com, victim@example.com' }).catch(() => {})
    mailer.close()
    expect(received.flatMap(({ to }) => to)).not.toContain('victim@example.com')
    expect(received[0]?.text).not.toMatch(/^Bcc:/m)
  })

  it('that is refused says by which code, and nothing of what it was', async () => {
    refuse = 552
    const mailer = createMailer({ smtpUrl: `smtp://x:pass%20word@127.0.0.1:${port}`, from: 'a@b.example' })
    await expect(mailer.send(MAIL)).rejects.toThrow(/^the mail server did not take it \(EMESSAGE 552\)$/)
    mailer.close()
    const wrong = createMailer({ smtpUrl: `smtp://x:wrong-secret@127.0.0.1:${port}`, from: 'a@b.example' })
    const error = await wrong.send(MAIL).catch((thrown: Error) => thrown)
    wrong.close()
    expect((error as Error).message).toMatch(/^the mail server did not take it \(EAUTH 535\)$/)
  })
})

describe('an alert with an e-mail address', () => {
  let world: World
  beforeAll(async () => {
    world = await createWorld()
  })
  afterAll(() => world.close())

  it('tells by mail and webhook, and shows the error of the one that fails', async () => {
    const room = world.openRoom({
      SMTP_URL: `smtp://127.0.0.1:${port}`,
      MAIL_FROM: 'alerts@logs.example.com',
    })
    const resource = await world.resource()
    const { id } = await room.store.create(
      resource,
      world.alert({
        name: 'both',
        email: 'team@example.com',
        condition: { kind: 'more_than', lines: 0, minutes: 5 },
      }),
    )
    await world.database.pool.query('update alert set due_at = $1', [new Date(world.clock.now)])
    await world.lines(resource.number, 'boom', [world.clock.now - 20_000])
    refuse = 451
    await world.turn(room)
    expect(world.posted.map(({ culvert }) => culvert.kind)).toEqual(['fired'])
    expect(received).toEqual([])
    refuse = null
    world.clock.now += 30_000
    await world.turn(room)
    expect(received).toMatchObject([{ to: ['team@example.com'] }])
    expect(received[0]?.text).toContain('Subject: Firing: both (culvert-curly-41233)')
    expect(received[0]?.text.replace(/=\r\n/g, '')).toContain('boom')
    expect(await room.store.find(resource.number, id)).toMatchObject({ state: 'firing', lastError: null })
    expect(world.posted).toHaveLength(1)
  })
})

describe('the budget of mails', () => {
  it('lets a resource send thirty in an hour, and says when the next one may go', () => {
    let now = 0
    const budget = new MailBudget(() => now)
    for (let sent = 0; sent < 30; sent++) {
      expect(budget.take(1)).toBe(0)
      now += 1_000
    }
    expect(budget.take(1)).toBe(3_600_000 - 30_000)
    expect(budget.take(2)).toBe(0)
    now = 3_600_000
    expect(budget.take(1)).toBe(0)
    expect(budget.take(1)).toBe(1_000)
  })
})
