// A session or an API token is good while its resource is provisioned. Both stores look up with this join.
import type { LiveResource } from '../resources/resource.ts'

export const JOIN_LIVE_RESOURCE = `join resource on resource.id = resource_id and resource.state = 'provisioned'`

export const LIVE_RESOURCE_COLUMNS = `resource.id as "resourceId", resource.number as "resourceNumber",
  resource.name as "resourceName", resource.plan as "resourcePlan", resource.created_at as "resourceCreatedAt"`

export interface LiveResourceRow {
  resourceId: string
  resourceNumber: number
  resourceName: string
  resourcePlan: string
  resourceCreatedAt: Date
}

export function toLiveResource(row: LiveResourceRow): LiveResource {
  return {
    id: row.resourceId,
    number: row.resourceNumber,
    name: row.resourceName,
    plan: row.resourcePlan,
    createdAt: row.resourceCreatedAt,
  }
}
