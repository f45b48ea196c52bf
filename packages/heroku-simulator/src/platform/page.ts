// Heroku's pagination of long lists.
import type { SimAnswer } from '../id-server.ts'

/** `Range: id ]<last seen>..; max=2` -> 206 with the Next-Range while there is more. */
export function page(items: { id: string }[], range: string | undefined, pageSize: number): SimAnswer {
  const [, from = '', asked] = /^id (?:\]([\w-]*))?\.\.(?:; *max=(\d+))?/.exec(range ?? 'id ..') ?? []
  const max = Math.min(pageSize, Number(asked ?? 200))
  const rest = items.toSorted((a, b) => (a.id < b.id ? -1 : 1)).filter(({ id }) => id > from)
  const body = rest.slice(0, max)
  if (rest.length <= max) return { status: 200, body }
  return { status: 206, body, headers: { 'Next-Range': `id ]${body.at(-1)?.id}..; max=${max}` } }
}
