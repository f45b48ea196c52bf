// Everything Heroku calls: the add-on's life under Basic auth, webhooks, and sign-in. Each has a scope with its own body
// parser and error format.
import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import type { Lifecycle } from '../resources/lifecycle.ts'
import type { ResourceStore } from '../resources/resource-store.ts'
import { requireBasicAuth } from './basic-auth.ts'
import { changePlan } from './change-plan.ts'
import { deprovision } from './deprovision.ts'
import { BODY_LIMIT_BYTES, takeAnyBody } from './json-body.ts'
import { asAppError, renderPartnerError } from './partner-error.ts'
import { provision } from './provision.ts'
import { type OpenSession, signIn } from './sign-in.ts'
import { receiveWebhook, type Webhooks } from './webhook.ts'

/** An error as a page for a person. */
export type RenderErrorPage = (error: AppError) => {
  status: number
  headers: Record<string, string>
  body: string
}

export interface PartnerParts {
  config: Pick<Config, 'addon' | 'publicUrl' | 'drainUrl' | 'plans' | 'sso'>
  resources: ResourceStore
  lifecycle: Lifecycle
  openSession: OpenSession
  renderErrorPage: RenderErrorPage
  /** Absent without OAuth: there are no webhooks then. */
  webhooks?: Webhooks | undefined
  now?: () => Date
}

export async function partnerRoutes(app: FastifyInstance, parts: PartnerParts): Promise<void> {
  await app.register(async (scope) => {
    answerErrors(scope, 'a call by Heroku')
    await requireBasicAuth(scope, parts.config.addon)
    takeAnyBody(scope)
    const { config, resources, lifecycle } = parts
    scope.post('/heroku/resources', provision({ config, resources, lifecycle }))
    scope.put('/heroku/resources/:id', changePlan({ plans: config.plans, resources }))
    scope.delete('/heroku/resources/:id', deprovision(lifecycle))
  })

  const { webhooks } = parts
  if (webhooks) {
    await app.register(async (scope) => {
      answerErrors(scope, 'a webhook')
      takeAnyBody(scope)
      scope.post('/heroku/webhooks/:id', receiveWebhook(webhooks))
    })
  }

  await app.register(async (scope) => {
    scope.setErrorHandler((error, request, reply) => {
      const told = asAppError(error)
      if (told.status >= 500) request.log.error({ err: error }, 'a sign-in failed')
      else request.log.info({ code: told.code, reason: told.message }, 'a sign-in was refused')
      const { status, headers, body } = parts.renderErrorPage(told)
      return reply.code(status).headers(headers).send(body)
    })
    scope.removeAllContentTypeParsers()
    await scope.register(formbody, { bodyLimit: BODY_LIMIT_BYTES })
    scope.post('/sso/login', signIn({ ...parts, now: parts.now ?? (() => new Date()) }))
    scope.get('/sso/login', async (_request, reply) => {
      reply.header('allow', 'POST')
      throw new AppError('sso_by_post')
    })
  })
}

function answerErrors(scope: FastifyInstance, what: string): void {
  scope.setErrorHandler((error, request, reply) => {
    const { status, body } = renderPartnerError(error)
    if (status >= 500) request.log.error({ err: error }, `${what} failed`)
    else request.log.info({ code: body.id }, `${what} was refused`)
    return reply.code(status).send(body)
  })
}
