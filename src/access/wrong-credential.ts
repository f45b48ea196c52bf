// What a wrong credential is answered: 401, and 429 from an address that has brought too many. Asked after the credential,
// so that a right one is always let in, whatever else comes from its address. The server counts (operations/guard.ts).
import type { FastifyInstance, FastifyRequest } from 'fastify'

const WRONG_CREDENTIAL = 'wrongCredential'

/** Counts a try with a wrong credential. @returns what to answer it with: `refusal`, or that there were too many */
export type CountWrongCredential = (request: FastifyRequest, refusal: Error) => Error

export function countWrongCredentials(app: FastifyInstance, count: CountWrongCredential): void {
  app.decorateRequest(WRONG_CREDENTIAL, function (this: FastifyRequest, refusal: Error) {
    return count(this, refusal)
  })
}

/** To be thrown where a credential is wrong or missing; `refusal` itself where nothing counts. */
export function wrongCredential(request: FastifyRequest, refusal: Error): Error {
  if (!request.server.hasRequestDecorator(WRONG_CREDENTIAL)) return refusal
  return request.getDecorator<(refusal: Error) => Error>(WRONG_CREDENTIAL)(refusal)
}
