// The viewer's JSON API, as the browser calls it. One resource: the one that the page's address names.

const BASE = /^\/resources\/[^/]+/.exec(location.pathname)?.[0] ?? ''
const TIMEOUT_MS = 30_000

export class ApiError extends Error {
  readonly id: string
  readonly status: number
  constructor(id: string, message: string, status: number) {
    super(message)
    this.id = id
    this.status = status
  }
}

export type Parameters = Record<string, string | number | null | undefined>

/** `/lines` with `{q: 'x'}` -> `/resources/<id>/lines?q=x`; empty and absent ones are left out. */
export function address(path: string, parameters: Parameters = {}): string {
  const given = Object.entries(parameters).filter(
    ([, value]) => value !== null && value !== undefined && value !== '',
  )
  const query = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString()
  return `${BASE}${path}${query === '' ? '' : `?${query}`}`
}

/** @throws ApiError with a sentence for people */
export function get<T>(path: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', address(path, parameters), undefined, signal)
}

/** @throws ApiError with a sentence for people */
export function send<T>(
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
  signal?: AbortSignal,
): Promise<T> {
  return call<T>(method, address(path), body, signal)
}

/** What went wrong, as a sentence for people. */
export function sentence(error: unknown): string {
  if (error instanceof ApiError && error.status === 401)
    return 'Your session is over. Open the add-on again from Heroku.'
  return error instanceof Error ? error.message : 'That did not work.'
}

async function call<T>(method: string, url: string, body?: object, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  const answer = await fetch(url, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error
    throw new ApiError('unreachable', 'The service could not be reached. Try again in a moment.', 0)
  })
  if (answer.status === 204) return undefined as T
  const read: unknown = await answer.json().catch(() => null)
  if (answer.ok) return read as T
  const { id, message } = (read ?? {}) as { id?: string; message?: string }
  throw new ApiError(id ?? 'unknown', message ?? `The service answered ${answer.status}.`, answer.status)
}

/** Null where the browser has none, or its settings refuse it. */
function openSource(url: string): EventSource | null {
  try {
    return new EventSource(url)
  } catch {
    return null
  }
}

/** Event -> what takes its data, and its id: where a later connection can go on. */
export type Handlers = Record<string, (data: never, id: string) => void>

/**
 * Server-sent events. `onBroken` is called when the connection ends for good; while the browser reconnects by itself
 * `onWaiting` is. Answers with what closes it.
 */
export function listen(
  url: string,
  handlers: Handlers,
  { onBroken, onWaiting }: { onBroken: () => void; onWaiting?: () => void },
): () => void {
  const source = openSource(url)
  if (source === null) {
    queueMicrotask(onBroken)
    return () => {}
  }
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      const { data, lastEventId } = event as MessageEvent<string>
      handle(JSON.parse(data) as never, lastEventId)
    })
  }
  source.addEventListener('error', () => {
    if (source.readyState === EventSource.CLOSED) onBroken()
    else onWaiting?.()
  })
  return () => source.close()
}
