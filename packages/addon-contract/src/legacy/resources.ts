// Provisions in kensa's way, for whatever is tried on a resource, and clears up behind itself, which kensa does not.
import { CannotPlay } from '../cannot-play.ts'
import { asObject, stringsOf } from '../config-vars.ts'
import { type Exchange, jsonObject } from '../exchange.ts'
import type { World } from '../world.ts'
import { type Callbacks, openCallbacks } from './callback.ts'
import { callLegacy, pathOf, provisionBody } from './requests.ts'

export interface LegacyProvision {
  /** `app1234@kensa.heroku.com`, as sent. */
  herokuId: string
  body: ReturnType<typeof provisionBody>
  opening: Exchange
  /** What an asynchronous add-on sent afterwards. Null where none came, and where none was asked for. */
  callback: Exchange | null
  /** What the add-on answered or sent: kensa's "response". Null where it was no JSON. */
  response: { value: unknown } | null
}

/** @param isAsync the add-on answers at once and sends what it made to the callback_url */
export async function provisionLegacy(
  world: World,
  callbacks: Callbacks,
  isAsync: boolean,
): Promise<LegacyProvision> {
  const body = provisionBody(world, callbacks.url)
  const opening = await callLegacy(world, { what: 'Heroku provisions', method: 'POST', body })
  const calls = isAsync && isOk(opening) ? await callbacks.wait(1, world.limits.finishMs) : []
  const callback = calls[0] ?? null
  const text = isAsync ? callback?.request.body : opening.answer?.body
  return { herokuId: body.heroku_id, body, opening, callback, response: text ? parse(text) : null }
}

/** Kensa's "200" is any of these: what its HTTP library takes for a success. */
export function isOk({ answer }: Exchange): boolean {
  return answer !== null && answer.status >= 200 && answer.status <= 207
}

export function parse(body: Buffer): { value: unknown } | null {
  try {
    return { value: JSON.parse(body.toString()) }
  } catch {
    return null
  }
}

/** The id that later calls name the resource by; null where there is none. */
export function idOf({ response }: Pick<LegacyProvision, 'response'>): string | null {
  const id = (response?.value as { id?: unknown } | null | undefined)?.id
  return id === undefined || id === null || id === false || id === '' ? null : String(id)
}

/** @throws CannotPlay where there is none to be had */
export async function legacyResource(
  world: World,
  isAsync: boolean,
): Promise<{ id: string; config: Record<string, string> }> {
  const callbacks = await openCallbacks()
  const provisioned = await provisionLegacy(world, callbacks, isAsync).finally(() => callbacks.close())
  const { opening, response } = provisioned
  if (opening.answer === null)
    throw new CannotPlay(`the add-on does not answer at ${world.addon.baseUrl}: ${opening.failure}`)
  const id = idOf(provisioned)
  if (isOk(opening) && id !== null) return { id, config: stringsOf(asObject(response?.value).config) }
  await clearUp(world, [opening])
  throw new CannotPlay(`no resource could be provisioned: the add-on answered ${opening.answer.status}`)
}

export function removeLegacy(world: World, id: string, what = 'clearing up'): Promise<Exchange> {
  return callLegacy(world, { what, method: 'DELETE', path: pathOf(id) })
}

/** Removes what these exchanges made, where that can be told. */
export async function clearUp(world: World, exchanges: readonly (Exchange | null)[]): Promise<void> {
  const ids = exchanges.flatMap((exchange) => {
    if (exchange === null || !isOk(exchange)) return []
    const body = exchange.answer && jsonObject(exchange.answer.body)
    return body === null ? [] : (idOf({ response: { value: body } }) ?? [])
  })
  await Promise.all([...new Set(ids)].map((id) => removeLegacy(world, id)))
}
