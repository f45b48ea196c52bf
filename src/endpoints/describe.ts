// A resource's log endpoints as people are shown them: how each is doing, and what it makes of the last lines. Token and
// address are secrets; of the address the host is shown.

import type { LogLine } from '../logs/line.ts'
import type { LineFeeds } from '../logs/line-feed.ts'
import type { LogStore } from '../logs/log-store.ts'
import { EVERYTHING } from '../logs/query/everything.ts'
import type { Apps } from '../logs/query/searched-line.ts'
import type { NamedStore, StoredCondition } from './condition-store.ts'
import type { EndpointStore, LogEndpoint } from './endpoint-store.ts'
import { compileFormat } from './format/compile.ts'
import { lineFacts } from './line-facts.ts'
import type { Service, ServiceStore } from './service-store.ts'
import type { StreamState, StreamStore } from './stream-store.ts'
import { compileCondition } from './vcl/condition.ts'

export interface DescribeParts {
  services: Pick<ServiceStore, 'list' | 'versions'>
  endpoints: Pick<EndpointStore, 'list'>
  conditions: Pick<NamedStore<StoredCondition>, 'list'>
  streams: Pick<StreamStore, 'states'>
  feeds: Pick<LineFeeds, 'state'>
  logs: Pick<LogStore, 'read'>
  appNames(resourceNumber: number): Promise<Apps>
  now(): number
}

export interface DescribedService {
  id: string
  name: string
  activeVersion: number | null
  /** The one whose endpoints are shown: the active one, else the newest. */
  shownVersion: number
  endpoints: DescribedEndpoint[]
}

export interface DescribedEndpoint {
  name: string
  host: string
  format: string
  formatVersion: 1 | 2
  condition: { name: string; statement: string } | null
  /** off: its version is not active, or its placement is none. */
  state: 'streaming' | 'failing' | 'off'
  stream:
    | (Omit<StreamState, 'name' | 'feedId'> & { waitingLines: number; oldestWaitingAt: Date | null })
    | null
  /** Newest first; the text is null where the condition keeps the line back. */
  preview: { line: LogLine; text: string | null }[]
}

const PREVIEW_LINES = 10

export async function describeEndpoints(
  parts: DescribeParts,
  resource: { id: string; number: number },
): Promise<DescribedService[]> {
  const services = await parts.services.list(resource.id)
  if (services.length === 0) return []
  const [{ lines }, apps] = await Promise.all([
    parts.logs.read({ resourceNumber: resource.number, search: EVERYTHING, limit: PREVIEW_LINES }),
    parts.appNames(resource.number),
  ])
  return Promise.all(services.map((service) => describeService(parts, resource, service, lines, apps)))
}

async function describeService(
  parts: DescribeParts,
  resource: { id: string },
  service: Service,
  lines: readonly LogLine[],
  apps: Apps,
): Promise<DescribedService> {
  const newest = (await parts.services.versions(service.id)).at(-1)?.number ?? 1
  const version = service.activeVersion ?? newest
  const ref = { resourceId: resource.id, serviceId: service.id, version }
  const [endpoints, conditions, states] = await Promise.all([
    parts.endpoints.list(ref),
    parts.conditions.list(ref),
    parts.streams.states(service.id),
  ])
  const waiting = await parts.feeds.state(states.map(({ feedId }) => feedId))
  return {
    id: service.id,
    name: service.name,
    activeVersion: service.activeVersion,
    shownVersion: version,
    endpoints: endpoints.map((endpoint) => {
      const condition = conditions.find(({ name }) => name === endpoint.responseCondition)
      const found = states.find(({ name }) => name === endpoint.name)
      return {
        name: endpoint.name,
        host: new URL(endpoint.url).host,
        format: endpoint.format,
        formatVersion: endpoint.formatVersion,
        condition: condition ? { name: condition.name, statement: condition.statement } : null,
        state: found === undefined ? 'off' : found.failures > 0 ? 'failing' : 'streaming',
        stream: found === undefined ? null : withWaiting(found, waiting.get(found.feedId)),
        preview: preview(endpoint, condition, service.id, lines, apps),
      }
    }),
  }
}

function withWaiting(
  { name: _name, feedId: _feedId, ...state }: StreamState,
  waiting: { lines: number; oldestAt: number | null } | undefined,
): DescribedEndpoint['stream'] {
  const oldest = waiting?.oldestAt ?? null
  return {
    ...state,
    waitingLines: waiting?.lines ?? 0,
    oldestWaitingAt: oldest === null ? null : new Date(oldest),
  }
}

function preview(
  { format, formatVersion }: LogEndpoint,
  condition: StoredCondition | undefined,
  serviceId: string,
  lines: readonly LogLine[],
  apps: Apps,
): DescribedEndpoint['preview'] {
  const compiled = compileFormat(format, formatVersion)
  const matches = condition === undefined ? () => true : compileCondition(condition.statement)
  return lines.slice(0, PREVIEW_LINES).map((line) => {
    const facts = lineFacts(line, serviceId, apps)
    return { line, text: matches(facts) ? compiled.render(facts) : null }
  })
}
