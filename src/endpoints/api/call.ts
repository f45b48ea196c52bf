// One operation of Fastly's API, and what it is given.
import type { Fields } from './fields.ts'

/** Whose token it is. */
export interface Caller {
  resourceId: string
  resourceName: string
  tokenId: string
}

export interface Call {
  caller: Caller
  /** Of the path, each decoded once: a slash in a name is part of it. */
  params: Record<string, string>
  query: Record<string, unknown>
  fields: Fields
  /** Where it came from, as far as that is known. */
  ip: string
  userAgent: string
}

export interface Operation {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  /** @throws FastlyError */
  answer(call: Call): Promise<unknown>
}

export const OK = { status: 'ok' } as const
