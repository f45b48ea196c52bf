// All operations of the JSON API. One that is not here has no route and is not in the OpenAPI document.
import type { TokenStore } from '../token-store.ts'
import { type AlertsParts, alertOperations } from './alerts.ts'
import { type ExclusionsParts, exclusionOperations } from './exclusions.ts'
import { type FiguresParts, readFigures } from './figures.ts'
import { type ReadLinesParts, readLines } from './lines.ts'
import type { Operation } from './operation.ts'
import { type SearchesParts, searchOperations } from './searches.ts'
import { type TailParts, tailLines } from './tail.ts'
import { tokenOperations } from './tokens.ts'
import { readUsage, type UsageOperationParts } from './usage.ts'

export interface ApiParts
  extends ReadLinesParts,
    TailParts,
    FiguresParts,
    UsageOperationParts,
    SearchesParts,
    AlertsParts,
    ExclusionsParts {
  logs: ReadLinesParts['logs'] & UsageOperationParts['logs'] & ExclusionsParts['logs']
  tokens: TokenStore
}

export function apiOperations(parts: ApiParts): Operation[] {
  return [
    readLines(parts),
    tailLines(parts),
    readFigures(parts),
    readUsage(parts),
    ...searchOperations(parts),
    ...alertOperations(parts),
    ...exclusionOperations(parts),
    ...tokenOperations(parts),
  ]
}
