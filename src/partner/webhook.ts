// POST /heroku/webhooks/:id: Heroku reports a change to a resource or one of its apps. Each resource's webhook has its own
// secrets; a body is parsed only after its signature is verified.
import { createHmac } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { wrongCredential } from '../access/wrong-credential.ts'
import { AppError } from '../errors.ts'
import type { WebhookSecrets } from '../heroku/webhook-store.ts'
import { RESOURCE_ID } from '../resources/resource.ts'
import { isSameSecret } from '../secrets/constant-time.ts'

export interface Webhooks {
  find(resourceId: string): Promise<WebhookSecrets | null>
  /** Durable when it resolves. @param event null if it is unreadable, and so may be about anything */
  take(resourceId: string, event: { id: string; include: string; action: string } | null): Promise<void>
  counters: { webhooksRefused: number }
}

/** The rest of an event is a snapshot that may be old; the API is asked instead. */
const eventSchema = z.object({
  id: z.string().min(1).max(100),
  action: z.string().max(100),
  webhook_metadata: z.object({ event: z.object({ include: z.string().max(100) }) }),
})

/**
 * 204 for every valid signature, whatever the event says: after a 4xx Heroku retries for 72 hours and holds later events
 * back. 401 for everything else, unknown resources included, so that it reveals nothing.
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
      throw wrongCredential(request, new AppError('webhook_refused'))
    }
    await webhooks.take(id.toLowerCase(), readEvent(body))
    return reply.code(204).send()
  }
}

/** Over the bytes as received: JSON that is serialised again has another signature. */
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
