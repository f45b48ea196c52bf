// All SQL on held_delivery: deliveries whose token has no known owner yet.
import type { Pool } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { parseFrames } from '../logplex/frame-parser.ts'
import { costOf } from '../logs/delivery-cost.ts'
import type { Newcomer } from './newcomers.ts'
import type { ReceivedDelivery } from './spool/delivery-record.ts'

/** A token with deliveries waiting. */
export interface HeldToken extends Newcomer {
  resourceId: string
  isLive: boolean
  /** Receipt of the first one, in milliseconds since 1970. */
  since: number
}

export interface HeldDelivery {
  heldId: string
  /** Without a drain yet: drainId, retention and volume are placeholders. */
  delivery: ReceivedDelivery
}

export interface HeldStore {
  /** False if the resource is at its bound. A repeated delivery is held once. */
  keep(newcomer: Newcomer, delivery: ReceivedDelivery, limitBytes: number): Promise<boolean>
  tokens(limit: number): Promise<HeldToken[]>
  /** The oldest after that one, in the order of receipt. */
  take(newcomer: Newcomer, after: string, limit: number): Promise<HeldDelivery[]>
  release(heldIds: readonly string[]): Promise<void>
  /** @returns how many there were */
  drop(newcomer: Newcomer): Promise<number>
}

/** An arbitrary constant: the lock space of resources' held deliveries. */
const LOCK_SPACE = 4_081

export function createHeldStore(pool: Pool): HeldStore {
  return {
    keep({ resourceNumber, tokenDigest }, { body, lines, ...header }, limitBytes) {
      const bytes = costOf(body.length, lines.length)
      return withTransaction(pool, async (client) => {
        // One at a time for each resource, or the bound would not hold.
        await client.query('select pg_advisory_xact_lock($1, $2)', [LOCK_SPACE, resourceNumber])
        const { rows } = await client.query<{ bytes: string }>(
          'select coalesce(sum(bytes), 0) as bytes from held_delivery where resource_number = $1',
          [resourceNumber],
        )
        if (Number(rows[0]?.bytes) + bytes > limitBytes) return false
        await client.query(
          `insert into held_delivery (resource_number, token_digest, frame_key, bytes, header, body)
           values ($1, $2, $3, $4, $5, $6) on conflict do nothing`,
          [
            resourceNumber,
            tokenDigest,
            header.frameKey.id,
            bytes,
            // A text, as it was: JSON's numbers would do, and nothing here needs to be searched.
            JSON.stringify(header),
            body,
          ],
        )
        return true
      })
    },

    async tokens(limit) {
      const { rows } = await pool.query<{
        resource_id: string
        number: number
        state: string
        token_digest: Buffer
        since: Date
      }>(
        `select resource.id as resource_id, number, state, token_digest, min(held_at) as since
           from held_delivery join resource on number = resource_number
          group by resource.id, number, state, token_digest order by since limit $1`,
        [limit],
      )
      return rows.map((row) => ({
        resourceId: row.resource_id,
        resourceNumber: row.number,
        tokenDigest: row.token_digest,
        isLive: row.state === 'provisioned',
        since: row.since.getTime(),
      }))
    },

    async take({ resourceNumber, tokenDigest }, after, limit) {
      const { rows } = await pool.query<{
        id: string
        header: Omit<ReceivedDelivery, 'body' | 'lines'>
        body: Buffer
      }>(
        `select id, header, body from held_delivery
          where resource_number = $1 and token_digest = $2 and id > $3 order by id limit $4`,
        [resourceNumber, tokenDigest, after, limit],
      )
      return rows.map(({ id, header, body }) => ({
        heldId: id,
        delivery: { ...header, body, lines: parseFrames(body, header).lines },
      }))
    },

    async release(heldIds) {
      await pool.query('delete from held_delivery where id = any($1::bigint[])', [heldIds])
    },

    async drop({ resourceNumber, tokenDigest }) {
      const { rowCount } = await pool.query(
        'delete from held_delivery where resource_number = $1 and token_digest = $2',
        [resourceNumber, tokenDigest],
      )
      return rowCount ?? 0
    },
  }
}
