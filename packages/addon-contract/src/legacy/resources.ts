// Provisions as kensa does, and removes the resources afterwards, unlike kensa.
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
  /** The callback of an asynchronous add-on. Null if none arrived, or none was expected. */
  callback: Exchange | null
  /** The answer or callback of the add-on, kensa's "response". Null if it was not JSON. */
  response: { value: unknown } | null
}

/** @param isAsync the add-on answers at once and sends its result to the callback_url */
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

/** Kensa's "200": what its HTTP library treats as success. */
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

/** The id of the resource in later calls; null if there is none. */
export function idOf({ response }: Pick<LegacyProvision, 'response'>): string | null {
  const id = (response?.value as { id?: unknown } | null | undefined)?.id
  return id === undefined || id === null || id === false || id === '' ? null : String(id)
}

/** @throws CannotPlay if none can be provisioned */
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

/** Removes the resources that these exchanges created, as far as their ids are known. */
export async function clearUp(world: World, exchanges: readonly (Exchange | null)[]): Promise<void> {
  const ids = exchanges.flatMap((exchange) => {
    if (exchange === null || !isOk(exchange)) return []
    const body = exchange.answer && jsonObject(exchange.answer.body)
    return body === null ? [] : (idOf({ response: { value: body } }) ?? [])
  })
  await Promise.all([...new Set(ids)].map((id) => removeLegacy(world, id)))
}
