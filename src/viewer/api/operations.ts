// All operations of the JSON API. One that is not here has no route and is not in the OpenAPI document.
import type { TokenStore } from '../token-store.ts'
import { type ReadLinesParts, readLines } from './lines.ts'
import type { Operation } from './operation.ts'
import { type TailParts, tailLines } from './tail.ts'
import { tokenOperations } from './tokens.ts'

export interface ApiParts extends ReadLinesParts, TailParts {
  tokens: TokenStore
}

export function apiOperations(parts: ApiParts): Operation[] {
  return [readLines(parts), tailLines(parts), ...tokenOperations(parts)]
}
