// One HTTP call to Heroku, and reading what comes back: a timeout over all of it, no redirect followed, a bound on the
// body. Errors of Heroku may be HTML, plain text labelled JSON, or JSON: nothing is parsed before status and content
// type have been looked at.
import type { z } from 'zod'
import { type Deadline, startDeadline } from '../deadline.ts'
import { HerokuError } from './heroku-error.ts'

export interface HerokuAnswer {
  status: number
  headers: Headers
  body: string
}

export interface HerokuCall {
  /** For messages: "the id server". */
  who: string
  url: URL
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  headers: Record<string, string>
  body?: URLSearchParams | string
  timeoutMs: number
  signal?: AbortSignal
  maxBodyBytes?: number
}

/** A list of a thousand drains is half of it. */
const MAX_BODY_BYTES = 2_000_000
const USER_AGENT = 'culvert'

/** @throws HerokuError unavailable, unexpected */
export async function callHeroku(call: HerokuCall): Promise<HerokuAnswer> {
  const deadline = startDeadline(call.timeoutMs, call.signal)
  try {
    const answer = await fetch(call.url, {
      method: call.method,
      headers: { 'user-agent': USER_AGENT, ...call.headers },
      ...(call.body === undefined ? {} : { body: call.body }),
      // A redirect would carry the token along to wherever it points.
      redirect: 'manual',
      signal: deadline.signal,
    })
    return { status: answer.status, headers: answer.headers, body: await readBody(answer, call) }
  } catch (error) {
    if (error instanceof HerokuError) throw error
    throw new HerokuError('unavailable', `${call.who} could not be reached: ${reasonOf(error, deadline)}`)
  } finally {
    deadline.end()
  }
}

/** @throws HerokuError unexpected, for a success that is not as the schema says */
export function readAnswer<Schema extends z.ZodType>(
  answer: HerokuAnswer,
  schema: Schema,
  who: string,
): z.infer<Schema> {
  const wrong = (what: string) => new HerokuError('unexpected', `${who}: ${what}`, answer.status)
  if (!isJson(answer)) throw wrong(`its ${answer.status} is not JSON but ${contentType(answer)}`)
  let value: unknown
  try {
    value = JSON.parse(answer.body)
  } catch {
    // Without the cause: JSON.parse quotes what it could not read.
    throw wrong(`the body of its ${answer.status} is not JSON`)
  }
  const read = schema.safeParse(value)
  if (read.success) return read.data
  const fields = read.error.issues.map(({ path }) => path.join('.') || 'the body')
  throw wrong(`its answer is not as documented in ${[...new Set(fields)].slice(0, 5).join(', ')}`)
}

/** The error that a status outside 2xx stands for. */
export function failureOf(answer: HerokuAnswer, who: string): HerokuError {
  const { status } = answer
  const slug = isJson(answer) ? errorSlug(answer.body) : null
  const message = `${who} answered ${status} (${slug ?? contentType(answer)})`
  if (status === 401 || status === 403) return new HerokuError('refused', message, status)
  if (status === 404 || status === 410) return new HerokuError('gone', message, status)
  if (status === 429) return new HerokuError('busy', message, status)
  if (status >= 500 || status === 408) return new HerokuError('unavailable', message, status)
  return new HerokuError('unexpected', message, status)
}

async function readBody(
  answer: Response,
  { who, maxBodyBytes = MAX_BODY_BYTES }: HerokuCall,
): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of answer.body ?? []) {
    bytes += chunk.length
    if (bytes > maxBodyBytes) throw new HerokuError('unexpected', `${who} answers without end`, answer.status)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function isJson(answer: HerokuAnswer): boolean {
  return /^application\/(?:[\w.+-]+\+)?json\b/i.test(contentType(answer))
}

function contentType({ headers }: HerokuAnswer): string {
  return (headers.get('content-type') ?? 'no content type').slice(0, 80)
}

/** Heroku's `id` of an error: a word of its documentation, as `rate_limit`. Anything else might be data. */
function errorSlug(body: string): string | null {
  try {
    const { id } = JSON.parse(body) as { id?: unknown }
    return typeof id === 'string' && /^[a-z_]{1,40}$/.test(id) ? id : null
  } catch {
    return null
  }
}

function reasonOf(error: unknown, deadline: Deadline): string {
  if (deadline.isPast) return 'no answer in time'
  const { cause, name } = error as { cause?: { code?: unknown }; name?: unknown }
  return typeof cause?.code === 'string' ? cause.code : String(name ?? 'unknown')
}
