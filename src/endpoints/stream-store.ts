// All SQL on streams: one for each endpoint that sends, with its lease, its results and the losses still to report.
import type { Pool, PoolClient } from 'pg'
import { closeFeeds, forgetItems, openFeed, UNSYNCED } from '../logs/ledger/feeds.ts'
import type { ResourcePart } from '../resources/lifecycle.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import { type LogEndpoint, openTarget } from './endpoint-store.ts'

export interface Stream {
  serviceId: string
  name: string
  feedId: string
  resourceId: string
  resourceNumber: number
  failures: number
  /** Lost lines not yet reported to the receiver. */
  untoldLines: number
  endpoint: Pick<LogEndpoint, 'token' | 'url' | 'format' | 'formatVersion'>
  /** Null: every line. */
  statement: string | null
}

type Key = Pick<Stream, 'serviceId' | 'name'>

/** The result of one claim. */
export interface Settlement extends Key {
  /** Items of the feed that were accepted, or dropped for good. */
  items: readonly string[]
  sentLines: number
  cutLines: number
  droppedLines: number
  /** Lost lines that this claim reported. */
  toldLines: number
  /** Consecutive failures; null if nothing was tried. */
  failures: number | null
  /** Why lines were dropped or are still waiting. */
  error: string | null
  /** No claim before this has passed: a pause after a failure, or rest for a trickle of lines. */
  againInMs: number
}

/** The state of a stream, for people. */
export interface StreamState {
  name: string
  feedId: string
  failures: number
  nextTryAt: Date
  lastError: string | null
  lastErrorAt: Date | null
  lastSentAt: Date | null
  sentLines: number
  cutLines: number
  droppedLines: number
}

export interface StreamStore extends ResourcePart {
  /** Leases streams of these feeds that are due to the owner. */
  claim(feedIds: readonly string[], owner: string, limit: number): Promise<Stream[]>
  /** Before another request. False if the lease is lost. */
  renew(stream: Key, owner: string): Promise<boolean>
  /**
   * Stores the results and ends the leases, in one statement. A stream whose lease is lost is not touched, nor are its
   * items: the new holder sends them again.
   */
  settle(settlements: readonly Settlement[], owner: string): Promise<void>
  /** Counts expired lines of these feeds. */
  lost(lines: ReadonlyMap<string, number>): Promise<void>
  states(serviceId: string): Promise<StreamState[]>
  count(): Promise<number>
}

/** Longer than a request takes. After a SIGKILL a stream stands still this long. */
export const LEASE_MS = 20_000
const LEASE = `now() + interval '${LEASE_MS} milliseconds'`
const MAX_ERROR = 300
/** The lock order of transactions that change several streams, against deadlocks. */
const IN_ORDER = 'order by service_id, name for update of endpoint_stream'

/**
 * Matches the streams of a service to its active version: ends those of removed endpoints, starts new ones, and leaves
 * the others where they are.
 */
export async function matchStreams(client: PoolClient, serviceId: string): Promise<void> {
  await client.query(`select from endpoint_stream where service_id = $1 ${IN_ORDER}`, [serviceId])
  const { rows: ended } = await client.query<{ feed_id: string }>(
    `delete from endpoint_stream as stream
      where service_id = $1 and not exists (
        select from fastly_service join log_endpoint on service_id = id and version = active_version
         where id = $1 and log_endpoint.name = stream.name and placement is null)
      returning feed_id`,
    [serviceId],
  )
  await closeFeeds(
    client,
    ended.map((row) => row.feed_id),
  )
  const { rows: begun } = await client.query<{ name: string; number: number }>(
    `select endpoint.name, resource.number
       from fastly_service as service
       join resource on resource.id = resource_id and resource.state = 'provisioned'
       join log_endpoint as endpoint on endpoint.service_id = service.id and version = active_version
      where service.id = $1 and placement is null
        and not exists (select from endpoint_stream as s where s.service_id = $1 and s.name = endpoint.name)
      order by endpoint.name`,
    [serviceId],
  )
  for (const { name, number } of begun) {
    const feedId = await openFeed(client, number)
    await client.query('insert into endpoint_stream (service_id, name, feed_id) values ($1, $2, $3)', [
      serviceId,
      name,
      feedId,
    ])
  }
}

export function createStreamStore(pool: Pool, box: SecretBox): StreamStore {
  return {
    async claim(feedIds, owner, limit) {
      const { rows } = await pool.query<Omit<Stream, 'endpoint'> & Stream['endpoint'] & { sealed: Buffer }>(
        `with due as (
           select service_id, name from endpoint_stream
            where ${UNSYNCED} and feed_id = any($1) and next_try_at <= now() and (leased_until is null or leased_until <= now())
            order by next_try_at limit $3 for update skip locked
         ), mine as (
           update endpoint_stream as stream
              set leased_by = $2, leased_until = ${LEASE}
             from due where stream.service_id = due.service_id and stream.name = due.name
           returning stream.*
         )
         select mine.service_id as "serviceId", mine.name, mine.feed_id as "feedId", mine.failures,
                least(mine.untold_lines, 2000000000)::integer as "untoldLines", resource.id as "resourceId",
                resource.number as "resourceNumber", endpoint.sealed_target as sealed, endpoint.format,
                endpoint.format_version as "formatVersion", condition.statement
           from mine
           join fastly_service as service on service.id = mine.service_id
           join resource on resource.id = service.resource_id and state = 'provisioned'
           join log_endpoint as endpoint
             on endpoint.service_id = service.id and endpoint.version = active_version and endpoint.name = mine.name
           left join fastly_condition as condition
             on condition.service_id = service.id and condition.version = active_version
                and condition.name = endpoint.response_condition`,
        [feedIds, owner, limit],
      )
      return rows.map(({ sealed, format, formatVersion, ...stream }) => ({
        ...stream,
        endpoint: { ...openTarget(box, stream.resourceId, sealed), format, formatVersion },
      }))
    },

    async renew({ serviceId, name }, owner) {
      const { rowCount } = await pool.query(
        `update endpoint_stream set leased_until = ${LEASE}
          where service_id = $1 and name = $2 and leased_by = $3 and leased_until > now() and ${UNSYNCED}`,
        [serviceId, name, owner],
      )
      return rowCount === 1
    },

    async settle(settlements, owner) {
      const all = <T>(read: (settlement: Settlement) => T) => settlements.map(read)
      await pool.query(
        `with went as (
           select * from unnest($2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::integer[],
                                $9::text[], $10::double precision[])
               as went (service_id, name, sent, cut, dropped, told, failures, error, again_in_ms)
         ), owned as (
           select service_id, name from endpoint_stream join went using (service_id, name)
            where leased_by = $1 and leased_until > now() and ${UNSYNCED} ${IN_ORDER}
         ), settled as (
           update endpoint_stream as stream
              set sent_lines = sent_lines + sent, cut_lines = cut_lines + cut, dropped_lines = dropped_lines + dropped,
                  untold_lines = untold_lines + dropped - told,
                  last_sent_at = case when sent > 0 then now() else last_sent_at end,
                  failures = coalesce(went.failures, stream.failures),
                  last_error = case when went.failures is null then last_error else error end,
                  last_error_at = case when error is null then last_error_at else now() end,
                  leased_by = null, leased_until = null,
                  next_try_at = now() + make_interval(secs => again_in_ms / 1000)
             from owned join went using (service_id, name)
            where stream.service_id = owned.service_id and stream.name = owned.name
           returning feed_id
         )
         ${forgetItems('$11::bigint[]', 'select feed_id from settled')}`,
        [
          owner,
          all(({ serviceId }) => serviceId),
          all(({ name }) => name),
          all(({ sentLines }) => sentLines),
          all(({ cutLines }) => cutLines),
          all(({ droppedLines }) => droppedLines),
          all(({ toldLines }) => toldLines),
          all(({ failures }) => failures),
          all(({ error }) => error?.slice(0, MAX_ERROR) ?? null),
          all(({ againInMs }) => againInMs),
          settlements.flatMap(({ items }) => items),
        ],
      )
    },

    async lost(lines) {
      await pool.query(
        `with lost as (
           select * from unnest($1::bigint[], $2::bigint[]) as lost (feed_id, lines)
         ), streams as (
           select service_id, name, lines from endpoint_stream join lost using (feed_id) ${IN_ORDER}
         )
         update endpoint_stream as stream
            set dropped_lines = dropped_lines + lines, untold_lines = untold_lines + lines
           from streams where stream.service_id = streams.service_id and stream.name = streams.name`,
        [[...lines.keys()], [...lines.values()]],
      )
    },

    async states(serviceId) {
      type Counted = Record<'sentLines' | 'cutLines' | 'droppedLines', string>
      const { rows } = await pool.query<Omit<StreamState, keyof Counted> & Counted>(
        `select name, feed_id as "feedId", failures, next_try_at as "nextTryAt", last_error as "lastError",
                last_error_at as "lastErrorAt", last_sent_at as "lastSentAt", sent_lines as "sentLines",
                cut_lines as "cutLines", dropped_lines as "droppedLines"
           from endpoint_stream where service_id = $1 order by name`,
        [serviceId],
      )
      return rows.map((row) => ({
        ...row,
        sentLines: Number(row.sentLines),
        cutLines: Number(row.cutLines),
        droppedLines: Number(row.droppedLines),
      }))
    },

    async count() {
      const { rows } = await pool.query<{ count: number }>(
        'select count(*)::integer as count from endpoint_stream',
      )
      return (rows[0] as { count: number }).count
    },

    async end(client, { id: resourceId }) {
      const { rows } = await client.query<{ id: string }>(
        `update fastly_service set active_version = null, deleted_at = now()
          where resource_id = $1 and deleted_at is null returning id`,
        [resourceId],
      )
      for (const { id } of rows) {
        await matchStreams(client, id)
        await client.query('delete from fastly_version where service_id = $1', [id])
      }
    },
  }
}
