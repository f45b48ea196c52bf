// DELETE /heroku/resources/:uuid: the customer removed the add-on. Access ends with the answer: drain tokens, sign-in
// and sessions. The lines run out by their retention.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Lifecycle } from '../resources/lifecycle.ts'
import { RESOURCE_ID } from '../resources/resource.ts'

/**
 * 204 for the DELETE that ends the resource. Any body is ignored. 202 would start Heroku's asynchronous deprovision,
 * which we have not asked for.
 *
 * 410 for every other one, as the field does: "already gone" is what Heroku wants to hear, and it stops its retries.
 * That holds for a uuid we never heard of, too. It is usual when our answer to the POST was lost or late, so it leaves
 * a tombstone: a retry of the POST, which may come for a day, must not bring back what nobody pays for.
 */
export function deprovision(lifecycle: Pick<Lifecycle, 'deprovision'>) {
  return async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const { id } = request.params
    if (!RESOURCE_ID.test(id)) throw new AppError('resource_unknown')
    const outcome = await lifecycle.deprovision(id)
    request.log.info({ resource: id, outcome }, 'deprovision')
    if (outcome !== 'deprovisioned') throw new AppError('resource_gone')
    return reply.code(204).send()
  }
}
