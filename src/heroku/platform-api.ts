// Heroku's Platform API for add-on partners: one token for each resource, with access to that resource and the apps it is
// attached to. A token goes to `apiUrl` only: addresses are built here, never taken from an answer or a `callback_url`.
import { z } from 'zod'
import { callHeroku, failureOf, type HerokuAnswer, type HerokuCall, readAnswer } from './call.ts'
import type { CallLimiter, Urgency } from './call-limiter.ts'
import { HerokuError } from './heroku-error.ts'
import type { Tokens } from './tokens.ts'

export interface ApiCall {
  urgency: Urgency
  signal?: AbortSignal
  /** Asked when the call's turn comes, perhaps minutes later; false fails it as `unwanted`. */
  isWanted?(): Promise<boolean>
}

/** Objects are open: fields that are not named here are ignored. */
const appSchema = z.object({ id: z.string(), name: z.string() })
const addonSchema = z.object({
  id: z.string(),
  name: z.string(),
  // provisioning, provisioned, deprovisioned; an open list.
  state: z.string(),
  plan: z.object({ name: z.string() }),
  /** The billing app. */
  app: appSchema.nullish(),
})
const drainSchema = z.object({
  id: z.string(),
  token: z.string(),
  url: z.string().nullish(),
  /** The app that drains through it. Not in every version of the API. */
  app: appSchema.nullish(),
})
const attachmentSchema = z.object({
  id: z.string(),
  name: z.string(),
  app: appSchema,
  log_input_url: z.string().nullish(),
})

const configSchema = z.array(z.object({ name: z.string(), value: z.string().nullable() }))
const webhookSchema = z.object({ id: z.string(), url: z.string() })

export type HerokuApp = z.infer<typeof appSchema>
export type HerokuAddon = z.infer<typeof addonSchema>
export type HerokuDrain = z.infer<typeof drainSchema>
export type HerokuAttachment = z.infer<typeof attachmentSchema>
export type HerokuWebhook = z.infer<typeof webhookSchema>

/** A webhook subscription. Heroku refuses any other property. */
export interface WebhookSubscription {
  include: readonly string[]
  /** notify: one attempt; sync: retried for up to 72 hours. */
  level: 'notify' | 'sync'
  url: string
  /** The whole value of the header in each delivery. */
  authorization: string
  /** Signs deliveries. */
  secret: string
}

/** Every call @throws HerokuError. */
export interface PlatformApi {
  findAddon(resourceId: string, call: ApiCall): Promise<HerokuAddon>
  listDrains(resourceId: string, call: ApiCall): Promise<HerokuDrain[]>
  /** Points a drain elsewhere; its token stays. If the answer is lost, the move may have happened. */
  moveDrain(resourceId: string, herokuDrainId: string, url: string, call: ApiCall): Promise<void>
  listAttachments(resourceId: string, call: ApiCall): Promise<HerokuAttachment[]>

  /** The config vars of the resource's own app; null if unset. */
  findConfig(resourceId: string, call: ApiCall): Promise<Record<string, string | null>>
  /** Restarts every app that the resource is attached to. */
  changeConfig(resourceId: string, config: Record<string, string>, call: ApiCall): Promise<void>
  /** Ends an asynchronous provision: completed, or with the resource removed and not charged. */
  completeProvision(resourceId: string, call: ApiCall): Promise<void>
  abortProvision(resourceId: string, call: ApiCall): Promise<void>

  listWebhooks(resourceId: string, call: ApiCall): Promise<HerokuWebhook[]>
  /** Not idempotent: each call creates another one. */
  createWebhook(resourceId: string, webhook: WebhookSubscription, call: ApiCall): Promise<HerokuWebhook>
  changeWebhook(
    resourceId: string,
    webhookId: string,
    webhook: WebhookSubscription,
    call: ApiCall,
  ): Promise<void>
  deleteWebhook(resourceId: string, webhookId: string, call: ApiCall): Promise<void>
}

export interface PlatformApiParts {
  apiUrl: string
  tokens: Pick<Tokens, 'accessToken'>
  limiter: CallLimiter
}

const WHO = 'the Platform API'
const V3 = 'application/vnd.heroku+json; version=3'
/** The variant in which drains name their app. */
const V3_SDK = 'application/vnd.heroku+json; version=3.sdk'
const TIMEOUT_MS = 8_000
const PAGE_SIZE = 1_000
const MAX_PAGES = 20
/** A 429 is retried after its pause; a refused token is refreshed once. */
const MAX_TRIES = 4

export function createPlatformApi({ apiUrl, tokens, limiter }: PlatformApiParts): PlatformApi {
  const origin = new URL(apiUrl).origin

  async function send(
    resourceId: string,
    request: Pick<HerokuCall, 'method' | 'headers'> & { path: string; json?: object },
    { urgency, signal, isWanted }: ApiCall,
  ): Promise<HerokuAnswer> {
    const { method, headers, json } = request
    const url = new URL(request.path, origin)
    let token = await tokens.accessToken(resourceId)
    let isRefreshed = false
    for (let tries = 1; ; tries++) {
      const authorization = `Bearer ${token}`
      const answer = await limiter.run(
        urgency,
        async () => {
          if (isWanted && !(await isWanted()))
            throw new HerokuError('unwanted', 'the call is no longer needed')
          return callHeroku({
            who: WHO,
            url,
            method,
            headers: { ...headers, authorization, ...(json && { 'content-type': 'application/json' }) },
            ...(json && { body: JSON.stringify(json) }),
            timeoutMs: TIMEOUT_MS,
            ...(signal && { signal }),
          })
        },
        signal,
      )
      limiter.remaining(answer.headers.get('ratelimit-remaining'))
      if (answer.status >= 200 && answer.status < 300) return answer
      const failure = failureOf(answer, WHO)
      if (answer.status === 429) limiter.pause(answer.headers.get('retry-after'))
      // A reset of the client secret invalidates all access tokens; a refreshed one is valid.
      const canRefresh = answer.status === 401 && !isRefreshed
      if ((!canRefresh && answer.status !== 429) || tries === MAX_TRIES) throw failure
      if (canRefresh) {
        token = await tokens.accessToken(resourceId, token)
        isRefreshed = true
      }
    }
  }

  async function list<Item extends z.ZodType>(
    item: Item,
    resourceId: string,
    path: string,
    accept: string,
    call: ApiCall,
  ): Promise<z.infer<Item>[]> {
    const found: z.infer<Item>[] = []
    let range = `id ..; max=${PAGE_SIZE}`
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await send(resourceId, { method: 'GET', path, headers: { accept, range } }, call)
      found.push(...readAnswer(answer, z.array(item), WHO))
      const next = answer.headers.get('next-range')
      if (answer.status !== 206 || next === null) return found
      range = next
    }
    throw new HerokuError('unexpected', `${WHO} lists do not end`)
  }

  const addonPath = (resourceId: string, rest = '') => `/addons/${encodeURIComponent(resourceId)}${rest}`
  const webhookPath = (webhookId: string) => `/webhooks/${encodeURIComponent(webhookId)}`
  /** A call below the add-on's path, in version 3. */
  const onAddon = (
    resourceId: string,
    method: HerokuCall['method'],
    rest: string,
    json: object | null,
    call: ApiCall,
  ) =>
    send(
      resourceId,
      { method, path: addonPath(resourceId, rest), headers: { accept: V3 }, ...(json && { json }) },
      call,
    )

  return {
    async findAddon(resourceId, call) {
      return readAnswer(await onAddon(resourceId, 'GET', '', null, call), addonSchema, WHO)
    },
    listDrains: (resourceId, call) =>
      list(drainSchema, resourceId, addonPath(resourceId, '/log-drains'), V3_SDK, call),
    async moveDrain(resourceId, herokuDrainId, url, call) {
      const path = addonPath(resourceId, `/log-drains/${encodeURIComponent(herokuDrainId)}`)
      const request = { method: 'PUT', path, headers: { accept: V3_SDK }, json: { url } } as const
      const moved = readAnswer(await send(resourceId, request, call), drainSchema, WHO)
      if (moved.url !== url) throw new HerokuError('unexpected', `${WHO} did not move the drain`)
    },
    listAttachments: (resourceId, call) =>
      list(attachmentSchema, resourceId, addonPath(resourceId, '/addon-attachments'), V3, call),

    async findConfig(resourceId, call) {
      const answer = await onAddon(resourceId, 'GET', '/config', null, call)
      const vars = readAnswer(answer, configSchema, WHO)
      return Object.fromEntries(vars.map(({ name, value }) => [name, value]))
    },
    async changeConfig(resourceId, config, call) {
      // An array here, an object in the answer to a provision.
      const vars = Object.entries(config).map(([name, value]) => ({ name, value }))
      await onAddon(resourceId, 'PATCH', '/config', { config: vars }, call)
    },
    async completeProvision(resourceId, call) {
      await onAddon(resourceId, 'POST', '/actions/provision', null, call)
    },
    async abortProvision(resourceId, call) {
      await onAddon(resourceId, 'POST', '/actions/deprovision', null, call)
    },

    listWebhooks: (resourceId, call) =>
      list(webhookSchema, resourceId, addonPath(resourceId, '/webhooks'), V3, call),
    async createWebhook(resourceId, webhook, call) {
      return readAnswer(await onAddon(resourceId, 'POST', '/webhooks', webhook, call), webhookSchema, WHO)
    },
    async changeWebhook(resourceId, webhookId, webhook, call) {
      await onAddon(resourceId, 'PATCH', webhookPath(webhookId), webhook, call)
    },
    async deleteWebhook(resourceId, webhookId, call) {
      await onAddon(resourceId, 'DELETE', webhookPath(webhookId), null, call)
    },
  }
}
