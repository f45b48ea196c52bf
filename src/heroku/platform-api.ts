// Heroku's Platform API as an add-on partner may use it: one token for each resource, which sees that resource and the
// apps it is attached to. A token goes to `apiUrl` and nowhere else: addresses are made here, never taken from an
// answer or a `callback_url`.
import { z } from 'zod'
import { callHeroku, failureOf, type HerokuAnswer, readAnswer } from './call.ts'
import type { CallLimiter, Urgency } from './call-limiter.ts'
import { HerokuError } from './heroku-error.ts'
import type { Tokens } from './tokens.ts'

export interface ApiCall {
  urgency: Urgency
  signal?: AbortSignal
}

/** Lists are open: fields that are not named here come along and are left. */
const appSchema = z.object({ id: z.string(), name: z.string() })
const addonSchema = z.object({
  id: z.string(),
  name: z.string(),
  // provisioning, provisioned, deprovisioned, and whatever comes: an open list.
  state: z.string(),
  plan: z.object({ name: z.string() }),
  /** The app that pays. */
  app: appSchema.nullish(),
})
const drainSchema = z.object({
  id: z.string(),
  token: z.string(),
  url: z.string().nullish(),
  /** Whose lines come through it. Not in every version of the API. */
  app: appSchema.nullish(),
})
const attachmentSchema = z.object({
  id: z.string(),
  name: z.string(),
  app: appSchema,
  log_input_url: z.string().nullish(),
})

export type HerokuApp = z.infer<typeof appSchema>
export type HerokuAddon = z.infer<typeof addonSchema>
export type HerokuDrain = z.infer<typeof drainSchema>
export type HerokuAttachment = z.infer<typeof attachmentSchema>

/** Each of them @throws HerokuError. */
export interface PlatformApi {
  findAddon(resourceId: string, call: ApiCall): Promise<HerokuAddon>
  listDrains(resourceId: string, call: ApiCall): Promise<HerokuDrain[]>
  listAttachments(resourceId: string, call: ApiCall): Promise<HerokuAttachment[]>
}

export interface PlatformApiParts {
  apiUrl: string
  tokens: Pick<Tokens, 'accessToken'>
  limiter: CallLimiter
}

const WHO = 'the Platform API'
const V3 = 'application/vnd.heroku+json; version=3'
/** The variant whose drains name their app. */
const V3_SDK = 'application/vnd.heroku+json; version=3.sdk'
const TIMEOUT_MS = 8_000
const PAGE_SIZE = 1_000
const MAX_PAGES = 20
/** A 429 is waited out and tried again; a token that is refused is replaced once. */
const MAX_TRIES = 4

export function createPlatformApi({ apiUrl, tokens, limiter }: PlatformApiParts): PlatformApi {
  const origin = new URL(apiUrl).origin

  async function get(
    resourceId: string,
    path: string,
    headers: Record<string, string>,
    { urgency, signal }: ApiCall,
  ): Promise<HerokuAnswer> {
    const url = new URL(path, origin)
    let token = await tokens.accessToken(resourceId)
    let isRenewed = false
    for (let tries = 1; ; tries++) {
      const authorization = `Bearer ${token}`
      const answer = await limiter.run(
        urgency,
        () =>
          callHeroku({
            who: WHO,
            url,
            method: 'GET',
            headers: { ...headers, authorization },
            timeoutMs: TIMEOUT_MS,
            ...(signal === undefined ? {} : { signal }),
          }),
        signal,
      )
      limiter.remaining(answer.headers.get('ratelimit-remaining'))
      if (answer.status >= 200 && answer.status < 300) return answer
      const failure = failureOf(answer, WHO)
      if (answer.status === 429) limiter.pause(answer.headers.get('retry-after'))
      // All tokens die at once where the client secret is reset; a refreshed one is good again.
      const canRenew = answer.status === 401 && !isRenewed
      if ((!canRenew && answer.status !== 429) || tries === MAX_TRIES) throw failure
      if (canRenew) {
        token = await tokens.accessToken(resourceId, token)
        isRenewed = true
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
      const answer = await get(resourceId, path, { accept, range }, call)
      found.push(...readAnswer(answer, z.array(item), WHO))
      const next = answer.headers.get('next-range')
      if (answer.status !== 206 || next === null) return found
      range = next
    }
    throw new HerokuError('unexpected', `${WHO} lists without end`)
  }

  const addonPath = (resourceId: string, rest = '') => `/addons/${encodeURIComponent(resourceId)}${rest}`
  return {
    async findAddon(resourceId, call) {
      return readAnswer(await get(resourceId, addonPath(resourceId), { accept: V3 }, call), addonSchema, WHO)
    },
    listDrains: (resourceId, call) =>
      list(drainSchema, resourceId, addonPath(resourceId, '/log-drains'), V3_SDK, call),
    listAttachments: (resourceId, call) =>
      list(attachmentSchema, resourceId, addonPath(resourceId, '/addon-attachments'), V3, call),
  }
}
