// Provisions in kensa's way, for whatever is tried on a resource, and clears up behind itself, which kensa does not.
import { CannotPlay } from '../area.ts'
import { type Exchange, jsonObject } from '../exchange.ts'
import type { World } from '../world.ts'
import { openCallback } from './callback.ts'
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
  isAsync: boolean,
  options?: Record<string, string>,
): Promise<LegacyProvision> {
  const callbacks = await openCallback()
  try {
    const body = provisionBody(world, callbacks.url, options)
    const opening = await callLegacy(world, { what: 'Heroku provisions', method: 'POST', body })
    const callback = isAsync && isOk(opening) ? await callbacks.wait(world.limits.finishMs) : null
    const text = isAsync ? callback?.request.body : opening.answer?.body
    return { herokuId: body.heroku_id, body, opening, callback, response: text ? parse(text) : null }
  } finally {
    await callbacks.close()
  }
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
export async function legacyResource(world: World, isAsync: boolean): Promise<string> {
  const provisioned = await provisionLegacy(world, isAsync)
  const { answer, failure } = provisioned.opening
  if (answer === null)
    throw new CannotPlay(`the add-on does not answer at ${world.addon.baseUrl}: ${failure}`)
  const id = idOf(provisioned)
  if (!isOk(provisioned.opening) || id === null)
    throw new CannotPlay(`no resource could be provisioned: the add-on answered ${answer.status}`)
  return id
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
