// The tenant: one provisioned add-on. Pure.
export type ResourceState = 'provisioned' | 'deprovisioned'

export interface Resource {
  /** Heroku's uuid, in lower case. */
  id: string
  /** Our short integer for it, used in every table of lines. */
  number: number
  state: ResourceState
  /** Null, as `plan`, only in the tombstone of a resource whose DELETE came before its POST. */
  name: string | null
  plan: string | null
  createdAt: Date
}

/** A provisioned resource, as its readers see it. */
export interface LiveResource {
  id: string
  number: number
  name: string
  plan: string
  createdAt: Date
}

/** Any version and variant: the id is Heroku's business. Postgres raises an error for anything else. */
export const RESOURCE_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
