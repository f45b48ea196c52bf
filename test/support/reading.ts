// Readers over HTTP: a browser that signed in, a program with a token, and streams of events.
import { createHash } from 'node:crypto'
import { EventSourceParserStream } from 'eventsource-parser/stream'
import type { Config } from '../../src/config.ts'

/** Signs in as Heroku's dashboard does; answers with the Cookie header from then on. */
export async function signInAt(origin: string, config: Config, resourceId: string): Promise<string> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signed = `${resourceId}:${config.addon.ssoSalts[0]}:${timestamp}:u:e@example.com`
  const answer = await fetch(`${origin}/sso/login`, {
    method: 'POST',
    redirect: 'manual',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({
      resource_id: resourceId,
      timestamp,
      user_id: 'u',
      email: 'e@example.com',
      user_scoped_resource_token: createHash('sha256').update(signed).digest('hex'),
    }),
  })
  const cookie = answer.headers.get('set-cookie')?.split(';')[0]
  if (cookie === undefined) throw new Error(`not signed in: ${answer.status}`)
  return cookie
}

/** An API token of the resource, made by somebody who signs in for it. */
export async function makeTokenAt(origin: string, config: Config, resourceId: string): Promise<string> {
  const answer = await fetch(`${origin}/resources/${resourceId}/tokens`, {
    method: 'POST',
    headers: {
      cookie: await signInAt(origin, config, resourceId),
      'content-type': 'application/json',
      'sec-fetch-site': 'same-origin',
    },
    body: JSON.stringify({ name: 'of a test' }),
  })
  if (answer.status !== 201) throw new Error(`no token: ${answer.status}`)
  return ((await answer.json()) as { token: string }).token
}

export interface ReceivedEvent {
  name: string
  id: string | undefined
  data: Record<string, unknown>
}

export interface Events {
  status: number
  events: ReceivedEvent[]
  /** The messages of all lines so far, in the order in which they came. */
  messages(): string[]
  /** Of events of this name. */
  named(name: string): Record<string, unknown>[]
  lastId(): string | undefined
  /** Resolves when the stream is over, however it ended. */
  over: Promise<void>
  leave(): void
}

/** Reads a stream of events until it ends or `leave` is called. Resolves with the answer's head. */
export async function openEvents(url: string, headers: Record<string, string>): Promise<Events> {
  const leaving = new AbortController()
  const answer = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    signal: leaving.signal,
  })
  const events: ReceivedEvent[] = []
  const read = async () => {
    if (!answer.ok || answer.body === null) return
    const stream = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream())
    for await (const { event, id, data } of stream) {
      events.push({ name: event ?? 'message', id, data: JSON.parse(data) })
    }
  }
  return {
    status: answer.status,
    events,
    messages: () =>
      events
        .filter(({ name }) => name === 'lines')
        .flatMap(({ data }) => (data.lines as { message: string }[]).map((line) => line.message)),
    named: (name) => events.filter((event) => event.name === name).map(({ data }) => data),
    lastId: () => events.findLast(({ id }) => id !== undefined)?.id,
    over: read().catch(() => {}),
    leave: () => leaving.abort(),
  }
}
