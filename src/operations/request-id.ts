// The name of a request in our log: Heroku's own, so that a line of its router and a line of ours can be joined.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Heroku's are uuids. Longer ones, or with other characters, are somebody's who wants to write into our log. */
const REQUEST_ID = /^[\w-]{1,64}$/

export function requestId({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const given = headers['x-request-id']
  return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
}
