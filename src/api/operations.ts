// All operations of the JSON API. One that is not here has no route and is not in the OpenAPI document.
import type { TokenStore } from '../access/token-store.ts'
import { type AboutParts, readAbout } from './about.ts'
import { type AlertsParts, alertOperations } from './alerts.ts'
import { type ContextParts, readContext } from './context.ts'
import { type ExclusionsParts, exclusionOperations } from './exclusions.ts'
import { type ExportParts, exportLines } from './export.ts'
import { type FieldsParts, readFieldCounts } from './fields.ts'
import { type FiguresParts, readFigures } from './figures.ts'
import { type GapsParts, readGaps } from './gaps.ts'
import { type HistogramParts, readHistogram } from './histogram.ts'
import { type ReadLinesParts, readLines } from './lines.ts'
import { type PreviewFormatParts, previewLogEndpoint } from './log-endpoint-preview.ts'
import { type LogEndpointsParts, listLogEndpoints } from './log-endpoints.ts'
import type { Operation } from './operation.ts'
import { type SearchParts, searchLines } from './search.ts'
import { type SearchesParts, searchOperations } from './searches.ts'
import { type TailParts, tailLines } from './tail.ts'
import { tokenOperations } from './tokens.ts'
import { readUsage, type UsageOperationParts } from './usage.ts'

export interface ApiParts
  extends ReadLinesParts,
    TailParts,
    SearchParts,
    ContextParts,
    HistogramParts,
    FieldsParts,
    ExportParts,
    GapsParts,
    AboutParts,
    FiguresParts,
    UsageOperationParts,
    SearchesParts,
    AlertsParts,
    ExclusionsParts,
    LogEndpointsParts,
    PreviewFormatParts {
  // What several of them use, each a part of it.
  config: AboutParts['config'] & UsageOperationParts['config']
  logs: ReadLinesParts['logs'] &
    ContextParts['logs'] &
    HistogramParts['logs'] &
    GapsParts['logs'] &
    UsageOperationParts['logs'] &
    ExclusionsParts['logs']
  tokens: TokenStore
}

export function apiOperations(parts: ApiParts): Operation[] {
  return [
    readLines(parts),
    searchLines(parts),
    tailLines(parts),
    readContext(parts),
    readHistogram(parts),
    readFieldCounts(parts),
    exportLines(parts),
    readGaps(parts),
    readAbout(parts),
    readFigures(parts),
    readUsage(parts),
    ...searchOperations(parts),
    ...alertOperations(parts),
    ...exclusionOperations(parts),
    listLogEndpoints(parts),
    previewLogEndpoint(parts),
    ...tokenOperations(parts),
  ]
}
