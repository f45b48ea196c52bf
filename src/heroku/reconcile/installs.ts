// Heroku's list of all installs of the add-on. Authenticated with the manifest's id and password, not with a token: it is
// the one list that is not of one resource (Platform API for Partners, "Apps", since September 2022).
//
// Fields and paging of the answer are not published. Its predecessor, `vendor/apps`, had `resource.uuid`, `plan` and a Link
// header; a plain `uuid` is accepted too. An entry with neither fails the whole list: half of a list would make resources
// look gone.
import { z } from 'zod'
import { callHeroku, failureOf, type HerokuAnswer, readAnswer } from '../call.ts'
import type { CallLimiter } from '../call-limiter.ts'
import { HerokuError } from '../heroku-error.ts'

export interface Install {
  resourceId: string
  /** The slug; null if the list has none. */
  plan: string | null
}

export interface InstallsParts {
  addonsUrl: string
  addonId: string
  /** The current one, then the previous one during a rotation. */
  passwords: readonly string[]
  limiter: CallLimiter
  signal: AbortSignal
}

/** @throws HerokuError */
export type ListInstalls = () => Promise<Install[]>

const WHO = 'the list of installs'
const PATH = '/api/v3/apps'
const TIMEOUT_MS = 30_000
const MAX_BODY_BYTES = 20_000_000
const MAX_PAGES = 1_000

const installsSchema = z.array(
  z
    .object({
      resource: z.object({ uuid: z.uuid() }).nullish(),
      uuid: z.uuid().nullish(),
      plan: z.union([z.string(), z.object({ name: z.string() })]).nullish(),
    })
    .transform(({ resource, uuid, plan }, context): Install => {
      const id = resource?.uuid ?? uuid
      if (!id) context.addIssue({ code: 'custom', path: ['resource', 'uuid'], message: 'missing' })
      const name = typeof plan === 'string' ? plan : plan?.name
      // `standard` and `culvert:standard` are both in use.
      return { resourceId: (id ?? '').toLowerCase(), plan: name?.split(':').at(-1) ?? null }
    }),
)

export function createListInstalls(parts: InstallsParts): ListInstalls {
  const { addonId, passwords, limiter, signal } = parts
  const origin = new URL(parts.addonsUrl).origin

  async function get(url: URL, range: string | null): Promise<HerokuAnswer> {
    let refusal = new HerokuError('refused', `${WHO}: there is no password`)
    for (const password of passwords) {
      const authorization = `Basic ${Buffer.from(`${addonId}:${password}`).toString('base64')}`
      const answer = await limiter.run(
        'background',
        () =>
          callHeroku({
            who: WHO,
            url,
            method: 'GET',
            headers: { accept: 'application/json', authorization, ...(range !== null && { range }) },
            timeoutMs: TIMEOUT_MS,
            maxBodyBytes: MAX_BODY_BYTES,
            signal,
          }),
        signal,
      )
      if (answer.status >= 200 && answer.status < 300) return answer
      refusal = failureOf(answer, WHO)
      if (answer.status === 429) limiter.pause(answer.headers.get('retry-after'))
      if (answer.status !== 401) throw refusal
    }
    throw refusal
  }

  return async () => {
    const found = new Map<string, Install>()
    let url = new URL(PATH, origin)
    let range: string | null = null
    for (let page = 1; page <= MAX_PAGES; page++) {
      const answer = await get(url, range)
      for (const install of readAnswer(answer, installsSchema, WHO)) found.set(install.resourceId, install)
      const next = nextPage(answer, origin)
      range = answer.status === 206 ? answer.headers.get('next-range') : null
      if (next === null && range === null) return [...found.values()]
      if (next !== null) url = next
    }
    throw new HerokuError('unexpected', `${WHO} does not end`)
  }
}

/** `Link: <…>; rel="next"`. Only its path is followed, so that the password never goes to another host. */
function nextPage(answer: HerokuAnswer, origin: string): URL | null {
  const link = /<([^<>]+)>\s*;\s*rel="?next"?/.exec(answer.headers.get('link') ?? '')?.[1]
  if (link === undefined || !URL.canParse(link, origin)) return null
  const { pathname, search } = new URL(link, origin)
  return new URL(`${pathname}${search}`, origin)
}
