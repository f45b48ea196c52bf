// Common parts of the routes of the simulated platform.
import type { IncomingHttpHeaders } from 'node:http'
import type { Heroku } from '../heroku.ts'
import type { SimAnswer } from '../id-server.ts'

export interface PlatformCall {
  method: string
  /** Without its query. */
  path: string
  query: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export const NOT_FOUND: SimAnswer = {
  status: 404,
  body: { id: 'not_found', message: 'Not found.' },
}

/** The refusal if this partner may not access the resource; else null. */
export function refusalOf(world: Heroku, headers: IncomingHttpHeaders, resourceId: string): SimAnswer | null {
  const caller = world.idServer.resourceOf(headers.authorization)
  if (caller === null) return { status: 401, body: { id: 'unauthorized', message: 'Invalid credentials.' } }
  if (caller !== resourceId)
    return { status: 403, body: { id: 'forbidden', message: 'You do not have access.' } }
  return world.find(resourceId) === null ? NOT_FOUND : null
}

/** Null if it is not a JSON object. */
export function readJson(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null
  } catch {
    return null
  }
}
