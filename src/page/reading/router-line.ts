// A line of Heroku's router, taken apart: `at=info method=GET path="/" … status=200` (Dev Center: HTTP routing). Pure.
import type { Fields } from '../../query/message-fields.ts'

export interface RouterLine {
  method: string
  path: string
  status: string
  /** Milliseconds. */
  serviceMs: number | null
  connectMs: number | null
  bytes: number | null
  dyno: string
  requestId: string
  code: string | null
  desc: string | null
}

/** `fields` of its message; null where it is no router line after all. */
export function readRouterLine(fields: Fields): RouterLine | null {
  const first = (key: string) => fields.get(key)?.[0] ?? ''
  const method = first('method')
  const path = first('path')
  const status = first('status')
  if (method === '' || path === '' || status === '') return null
  return {
    method,
    path,
    status,
    serviceMs: milliseconds(first('service')),
    connectMs: milliseconds(first('connect')),
    bytes: first('bytes') === '' ? null : Number(first('bytes')),
    dyno: first('dyno'),
    requestId: first('request_id'),
    code: first('code') || null,
    desc: first('desc') || null,
  }
}

function milliseconds(text: string): number | null {
  const ms = /^(\d+)ms$/.exec(text)?.[1]
  return ms === undefined ? null : Number(ms)
}
