// Fastly's API on a service of its own, with a resource and a token of it.
import { createHash, randomBytes } from 'node:crypto'
import { createTokenStore } from '../../src/access/token-store.ts'
import { provision, startTestService, type TestResource, type TestService } from '../support/service.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server sent; each test says what it expects of it
  json: any
}

export interface Caller {
  resource: TestResource
  key: string
  /** Body as an object: a form; as a text with its type: as it is. */
  call(method: string, path: string, body?: Body, headers?: Record<string, string>): Promise<Answer>
}

type Body = Record<string, string> | { text: string; type: string | null }

export interface World extends Caller {
  service: TestService
  /** Another resource with a token of its own. */
  stranger(): Promise<Caller>
  close(): Promise<void>
}

export async function startWorld(
  environment: Record<string, string> = {},
  now: () => number = Date.now,
): Promise<World> {
  const service = await startTestService(environment, undefined, now)
  const caller = async (): Promise<Caller> => {
    const resource = await provision(service)
    const key = await createToken(service, resource.id)
    return { resource, key, call: (...call) => fetchFastly(service.origin, key, ...call) }
  }
  return { service, ...(await caller()), stranger: caller, close: () => service.close() }
}

/** As the page makes one. */
export async function createToken(
  service: Pick<TestService, 'database'>,
  resourceId: string,
): Promise<string> {
  const token = `culvert_${randomBytes(32).toString('base64url')}`
  const digest = createHash('sha256').update(token).digest()
  await createTokenStore(service.database.pool).create(resourceId, digest, { name: 'Fastly', hint: 'abcd' })
  return token
}

export async function fetchFastly(
  origin: string,
  key: string | null,
  method: string,
  path: string,
  body?: Body,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const isText = body !== undefined && typeof body.text === 'string' && 'type' in body
  const type = isText ? (body as { type: string | null }).type : 'application/x-www-form-urlencoded'
  const payload = isText
    ? (body as { text: string }).text
    : String(new URLSearchParams(body as Record<string, string>))
  const answer = await fetch(`${origin}${path}`, {
    method,
    headers: {
      ...(key !== null && { 'fastly-key': key }),
      ...(body !== undefined && type !== null && { 'content-type': type }),
      ...headers,
    },
    ...(body !== undefined && method !== 'GET' && { body: Buffer.from(payload) }),
  })
  const text = await answer.text()
  return {
    status: answer.status,
    headers: answer.headers,
    text,
    json: text === '' ? undefined : JSON.parse(text),
  }
}

/** A new service with its version 1. */
export async function createService(caller: Caller, fields: Record<string, string> = {}): Promise<string> {
  const { status, json, text } = await caller.call('POST', '/service', { name: 'a service', ...fields })
  if (status !== 200) throw new Error(text)
  return json.id
}
