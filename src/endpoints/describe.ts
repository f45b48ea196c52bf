// A resource's log endpoints as people are shown them, and how each is doing. Token and address are secrets; of the
// address the host is shown.
import type { LineFeeds } from '../logs/line-feed.ts'
import type { NamedStore, StoredCondition } from './condition-store.ts'
import type { EndpointStore } from './endpoint-store.ts'
import type { ListServices } from './list-services.ts'
import type { Service, ServiceStore } from './service-store.ts'
import type { StreamState, StreamStore } from './stream-store.ts'

export interface DescribeParts {
  listServices: ListServices
  services: Pick<ServiceStore, 'newestVersion'>
  endpoints: Pick<EndpointStore, 'list'>
  conditions: Pick<NamedStore<StoredCondition>, 'list'>
  streams: Pick<StreamStore, 'states'>
  feeds: Pick<LineFeeds, 'state'>
}

export interface DescribedService {
  id: string
  name: string
  activeVersion: number | null
  newestVersion: number
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
}

export async function describeEndpoints(
  parts: DescribeParts,
  resource: { id: string; name: string | null },
): Promise<DescribedService[]> {
  const services = await parts.listServices(resource)
  return Promise.all(services.map((service) => describeService(parts, resource, service)))
}

async function describeService(
  parts: DescribeParts,
  resource: { id: string },
  service: Service,
): Promise<DescribedService> {
  const newest = await parts.services.newestVersion(service.id)
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
    newestVersion: newest,
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
