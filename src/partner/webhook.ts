// POST /heroku/webhooks/:id: Heroku tells of a change to a resource or to one of its apps. Each resource's webhook is
// signed with secrets of its own; nothing of a body is believed, or read, before its signature was found good.
import { createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { RESOURCE_ID } from '../resources/resource.ts'
import { isSameSecret } from '../secrets/constant-time.ts'

/** What the subscription was made with. */
export interface WebhookSecrets {
  /** Of the signature. */
  secret: string
  /** The whole value of the Authorization header. */
  authorization: string
}

/** What is behind the route. */
export interface Webhooks {
  find(resourceId: string): Promise<WebhookSecrets | null>
  /** Durable when it resolves. @param event null: it could not be read, and may be about anything */
  take(resourceId: string, event: { id: string; include: string; action: string } | null): Promise<void>
  counters: { webhooksRefused: number }
}

/** The rest of an event is a snapshot that may be old: what it is about is read anew instead. */
const eventSchema = z.object({
  id: z.string().min(1).max(100),
  action: z.string().max(100),
  webhook_metadata: z.object({ event: z.object({ include: z.string().max(100) }) }),
})

/**
 * 204 for what is signed as agreed, whatever it says: a 4xx would make Heroku repeat it for 72 hours and keep all later
 * events waiting. 401 for anything else, also where there is no such resource: a stranger learns nothing.
 */
export function receiveWebhook(webhooks: Webhooks) {
  return async (request: FastifyRequest<{ Params: { id: string } }>, reply: FastifyReply) => {
    const { id } = request.params
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const signature = request.headers['heroku-webhook-hmac-sha256']
    const { authorization } = request.headers
    const canBeSigned = RESOURCE_ID.test(id) && typeof signature === 'string' && authorization !== undefined
    const secrets = canBeSigned ? await webhooks.find(id.toLowerCase()) : null
    if (secrets === null || !isSigned(body, { signature: String(signature), authorization }, secrets)) {
      webhooks.counters.webhooksRefused++
      throw new AppError('webhook_refused')
    }
    await webhooks.take(id.toLowerCase(), readEvent(body))
    return reply.code(204).send()
  }
}

/** Over the bytes as they came: JSON that is written anew is signed anew. */
export function isSigned(
  body: Buffer,
  given: { signature: string; authorization: string | undefined },
  { secret, authorization }: WebhookSecrets,
): boolean {
  const expected = createHmac('sha256', secret).update(body).digest('base64')
  const hasSignature = isSameSecret(given.signature, expected)
  const hasAuthorization = isSameSecret(given.authorization ?? '', authorization)
  return hasSignature && hasAuthorization
}

function readEvent(body: Buffer) {
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    return null
  }
  const read = eventSchema.safeParse(value)
  if (!read.success) return null
  const { id, action, webhook_metadata: metadata } = read.data
  return { id, action, include: metadata.event.include }
}
