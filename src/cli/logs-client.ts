// HTTP requests of `culvert logs`. The token goes into a header, and to CULVERT_URL only.
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream'
import type { ShownLine } from './logs-print.ts'
import { CommandError } from './with-database.ts'

/** For an answer to begin; and for a tail, which beats every two seconds, to be silent. */
const TIMEOUT_MS = 30_000

export interface LogsAddress {
  /** https://…/resources/<id>, without a slash behind it. */
  url: string
  token: string
}

/** @throws CommandError */
export function readAddress(environment: Record<string, string | undefined>): LogsAddress {
  const { CULVERT_URL: url = '', CULVERT_TOKEN: token = '' } = environment
  if (!URL.canParse(url) || !/^\/resources\/[^/]+\/?$/.test(new URL(url).pathname)) {
    throw new CommandError(
      'Set CULVERT_URL to the address of the add-on: heroku config:get CULVERT_URL -a your-app',
    )
  }
  const { protocol, hostname } = new URL(url)
  const isNear = hostname === 'localhost' || hostname === '127.0.0.1' || hostname === '[::1]'
  if (protocol !== 'https:' && !(protocol === 'http:' && isNear)) {
    throw new CommandError('CULVERT_URL must be https: the token would travel in the clear.')
  }
  if (token === '' || /[^\x21-\x7e]/.test(token)) {
    throw new CommandError('Set CULVERT_TOKEN to an API token; the page of the add-on makes one.')
  }
  return { url: url.replace(/\/$/, ''), token }
}

/** The connection, or the service, is away: it is worth trying again. */
export class Unreachable extends Error {}

/** @throws CommandError where trying again is no use; Unreachable */
export async function ask(
  { url, token }: LogsAddress,
  path: string,
  parameters: Record<string, string | undefined>,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  const given = Object.entries(parameters).filter((each): each is [string, string] => each[1] !== undefined)
  const beginning = new AbortController()
  const timer = setTimeout(() => beginning.abort(), TIMEOUT_MS)
  signal?.addEventListener('abort', () => beginning.abort(), { once: true })
  let answer: Response
  try {
    answer = await fetch(`${url}${path}?${new URLSearchParams(given)}`, {
      headers: { ...headers, authorization: `Bearer ${token}` },
      // A redirect would take the token along.
      redirect: 'error',
      signal: beginning.signal,
    })
  } catch (error) {
    throw new Unreachable('The service cannot be reached.', { cause: error })
  } finally {
    clearTimeout(timer)
  }
  if (answer.ok) return answer
  const told = await messageOf(answer)
  if (answer.status >= 500 || answer.status === 429) throw new Unreachable(told)
  throw new CommandError(told)
}

async function messageOf(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => null)) as { message?: unknown } | null
  return typeof body?.message === 'string' ? body.message : `The service answered ${answer.status}.`
}

export interface LinesPage {
  lines: ShownLine[]
  older: string | null
  hints: { text: string }[]
}

export async function readPage(
  address: LogsAddress,
  parameters: Record<string, string | undefined>,
): Promise<LinesPage> {
  return (await (await ask(address, '/lines', parameters)).json()) as LinesPage
}

/** Lines of JSON, as they come. */
export async function* readJsonLines(
  address: LogsAddress,
  path: string,
  parameters: Record<string, string | undefined>,
): AsyncGenerator<ShownLine> {
  const answer = await ask(address, path, parameters, { accept: 'application/x-ndjson' })
  let rest = ''
  for await (const chunk of textOf(answer)) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line !== '') yield JSON.parse(line) as ShownLine
  }
}

/** Events until the stream ends or falls silent. @throws as ask does */
export async function* readEvents(
  address: LogsAddress,
  path: string,
  parameters: Record<string, string | undefined>,
  lastEventId: string | undefined,
): AsyncGenerator<EventSourceMessage> {
  const leaving = new AbortController()
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
  }
  const answer = await ask(address, path, parameters, headers, leaving.signal)
  const silence = setTimeout(() => leaving.abort(), TIMEOUT_MS)
  try {
    for await (const event of textOf(answer).pipeThrough(new EventSourceParserStream())) {
      silence.refresh()
      yield event
    }
  } catch (error) {
    throw new Unreachable('The connection was lost.', { cause: error })
  } finally {
    clearTimeout(silence)
    leaving.abort()
  }
}

function textOf({ body }: Response) {
  if (body === null) throw new Unreachable('The service answered nothing.')
  return body.pipeThrough(new TextDecoderStream())
}
