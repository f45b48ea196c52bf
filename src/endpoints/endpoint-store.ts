// All SQL on log endpoints. Token and url are secrets of the customer and lie sealed.
import type { Pool } from 'pg'
import type { SealedColumn } from '../secrets/reseal.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import { badRequest, duplicate, recordNotFound, type VersionRef } from './fastly-error.ts'
import type { FormatVersion } from './format/compile.ts'
import { inUnlockedVersion } from './service-store.ts'

export interface LogEndpoint {
  name: string
  token: string
  url: string
  format: string
  formatVersion: FormatVersion
  /** Null: where the format version says. `none` and `waf_debug`: nothing is sent. */
  placement: 'none' | 'waf_debug' | null
  /** The name of a condition of the version; empty: always. */
  responseCondition: string
  logProcessingRegion: 'none' | 'eu' | 'us'
  createdAt: Date
  updatedAt: Date
}

export type EndpointChanges = Partial<Omit<LogEndpoint, 'createdAt' | 'updatedAt'>>

export interface EndpointStore {
  /** By name. */
  list(ref: VersionRef): Promise<LogEndpoint[]>
  find(ref: VersionRef, name: string): Promise<LogEndpoint | null>
  create(ref: VersionRef, endpoint: Omit<LogEndpoint, 'createdAt' | 'updatedAt'>): Promise<LogEndpoint>
  update(ref: VersionRef, name: string, changes: EndpointChanges): Promise<LogEndpoint>
  remove(ref: VersionRef, name: string): Promise<void>
}

/** Each is a stream of its own. */
export const MAX_ENDPOINTS = 10

interface Row extends Omit<LogEndpoint, 'token' | 'url'> {
  sealedTarget: Buffer
}

const COLUMNS = `name, sealed_target as "sealedTarget", format, format_version as "formatVersion", placement,
  response_condition as "responseCondition", log_processing_region as "logProcessingRegion",
  created_at as "createdAt", updated_at as "updatedAt"`
const OF_VERSION = 'service_id = $1 and version = $2'

export const ENDPOINT_SEALED_COLUMN: SealedColumn = {
  table: 'log_endpoint',
  key: "service_id || ' ' || version || ' ' || name",
  resourceId: '(select resource_id from fastly_service where id = service_id)',
  column: 'sealed_target',
  purpose: 'log endpoint',
}

export function createEndpointStore(pool: Pool, box: SecretBox): EndpointStore {
  const opened = ({ resourceId }: VersionRef, { sealedTarget, ...row }: Row): LogEndpoint => ({
    ...row,
    ...openTarget(box, resourceId, sealedTarget),
  })
  const values = (
    { resourceId, serviceId, version }: VersionRef,
    endpoint: Omit<LogEndpoint, 'createdAt' | 'updatedAt'>,
  ) => [
    serviceId,
    version,
    endpoint.name,
    sealTarget(box, resourceId, endpoint),
    endpoint.format,
    endpoint.formatVersion,
    endpoint.placement,
    endpoint.responseCondition,
    endpoint.logProcessingRegion,
  ]

  return {
    async list(ref) {
      const { rows } = await pool.query<Row>(
        `select ${COLUMNS} from log_endpoint where ${OF_VERSION} order by name`,
        [ref.serviceId, ref.version],
      )
      return rows.map((row) => opened(ref, row))
    },

    async find(ref, name) {
      const { rows } = await pool.query<Row>(
        `select ${COLUMNS} from log_endpoint where ${OF_VERSION} and name = $3`,
        [ref.serviceId, ref.version, name],
      )
      return rows[0] === undefined ? null : opened(ref, rows[0])
    },

    create: (ref, endpoint) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rows: counted } = await client.query<{ count: number }>(
          `select count(*)::integer as count from log_endpoint where ${OF_VERSION}`,
          [ref.serviceId, ref.version],
        )
        if ((counted[0] as { count: number }).count >= MAX_ENDPOINTS) {
          throw badRequest(`A version has at most ${MAX_ENDPOINTS} log endpoints`)
        }
        const { rows } = await client.query<Row>(
          `insert into log_endpoint (service_id, version, name, sealed_target, format, format_version, placement,
             response_condition, log_processing_region)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing
           returning ${COLUMNS}`,
          values(ref, endpoint),
        )
        if (rows[0] === undefined) throw duplicate('logging_syslog', endpoint.name)
        return opened(ref, rows[0])
      }),

    update: (ref, name, changes) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rows } = await client.query<Row>(
          `select ${COLUMNS} from log_endpoint where ${OF_VERSION} and name = $3`,
          [ref.serviceId, ref.version, name],
        )
        if (rows[0] === undefined) throw recordNotFound('syslog', name, ref)
        const after: LogEndpoint = { ...opened(ref, rows[0]), ...changes }
        if (after.name !== name) {
          const { rowCount } = await client.query(
            `select from log_endpoint where ${OF_VERSION} and name = $3`,
            [ref.serviceId, ref.version, after.name],
          )
          if (rowCount !== 0) throw duplicate('logging_syslog', after.name)
        }
        await client.query(
          `update log_endpoint set name = $3, sealed_target = $4, format = $5, format_version = $6, placement = $7,
                  response_condition = $8, log_processing_region = $9, updated_at = now()
            where ${OF_VERSION} and name = $10`,
          [...values(ref, after), name],
        )
        // With its time as it was: Fastly answers a change so.
        return after
      }),

    remove: (ref, name) =>
      inUnlockedVersion(pool, ref, async (client) => {
        const { rowCount } = await client.query(
          `delete from log_endpoint where ${OF_VERSION} and name = $3`,
          [ref.serviceId, ref.version, name],
        )
        if (rowCount === 0) throw recordNotFound('syslog', name, ref)
      }),
  }
}

type Target = Pick<LogEndpoint, 'token' | 'url'>

function sealTarget(box: SecretBox, resourceId: string, { token, url }: Target): Buffer {
  return box.seal(JSON.stringify({ token, url }), { resourceId, purpose: 'log endpoint' })
}

export function openTarget(box: SecretBox, resourceId: string, sealed: Buffer): Target {
  return JSON.parse(box.open(sealed, { resourceId, purpose: 'log endpoint' })) as Target
}
