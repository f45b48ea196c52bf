// A request that changes something and carries a session must come from our own page: a browser sends the cookie
// along whichever page made it send the request. SameSite=Lax prevents most of that; this prevents the rest, such as a
// page on a sibling domain.
import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** @throws AppError cross_site */
export function checkSameOrigin(
  request: Pick<FastifyRequest, 'method' | 'headers'>,
  publicUrl: string,
): void {
  if (SAFE.has(request.method)) return
  const { 'sec-fetch-site': site, origin, 'content-type': type } = request.headers
  // A form, or a script without a preflight, can never send this.
  const isJson = /^application\/json *(?:;|$)/i.test(type ?? '')
  const isOurs = site === undefined ? origin === new URL(publicUrl).origin : site === 'same-origin'
  if (!isOurs || (!isJson && request.method !== 'DELETE')) throw new AppError('cross_site')
}
