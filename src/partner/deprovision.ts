// DELETE /heroku/resources/:uuid: the customer removed the add-on. Access ends with the answer: drain tokens, sign-in,
// sessions and API tokens. The lines are deleted seven days later.
import type { FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import type { Lifecycle } from '../resources/lifecycle.ts'
import { RESOURCE_ID } from '../resources/resource.ts'

/**
 * 204 for the DELETE that ends the resource. Any body is ignored. 202 would start Heroku's asynchronous deprovision,
 * which we have not asked for.
 *
 * 410 for every other one: Heroku takes it as "already gone" and stops its retries. The same for an unknown uuid, which
 * comes when our answer to the POST was lost or late. It leaves a tombstone: a retry of the POST, possible for a day, must
 * not create a resource that the customer does not pay for.
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
