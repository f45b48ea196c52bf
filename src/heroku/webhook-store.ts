// All SQL on webhook and webhook_event: subscriptions with their secrets, and recent events. The caller passes all times.
import type { Pool, PoolClient } from 'pg'
import { gather } from '../database/batch-lookup.ts'
import { type SecretBox, SecretBoxError } from '../secrets/secret-box.ts'

export interface WebhookSecrets {
  /** Key of the signature. */
  secret: string
  /** The whole value of the Authorization header. */
  authorization: string
}

export interface StoredWebhook extends WebhookSecrets {
  /** Null, as `url`, until the subscription is known to exist. */
  webhookId: string | null
  url: string | null
}

export interface DueReading {
  resourceId: string
  /** According to an event. */
  isDestroyed: boolean
  claimedUntil: number
}

export interface WebhookStore {
  /** Null also if its secrets do not open because their key is missing. */
  find(resourceId: string): Promise<StoredWebhook | null>
  /** The existing one, or a new one with these secrets; null if the resource is not live. */
  findOrMake(resourceId: string, secrets: WebhookSecrets): Promise<StoredWebhook | null>
  setSubscribed(resourceId: string, webhookId: string, url: string): Promise<void>
  /** In the transaction that ends the resource. @returns Heroku's id of the subscription */
  remove(client: PoolClient, resourceId: string): Promise<string | null>

  wasTaken(resourceId: string, eventId: string): Promise<boolean>
  /** False if the event was taken already. */
  rememberTaken(resourceId: string, eventId: string, now: number): Promise<boolean>
  deleteTaken(before: number): Promise<void>

  scheduleReading(resourceId: string, dueAt: number): Promise<void>
  markDestroyed(resourceId: string, now: number): Promise<void>
  /** Resources due to be read, each leased to the caller. */
  claimReadings(now: number, leaseMs: number, limit: number): Promise<DueReading[]>
  /** After a reading; what came meanwhile stays due. */
  settleReading(reading: DueReading): Promise<void>
}

interface WebhookRow {
  resource_id: string
  sealed_secret: Buffer
  sealed_authorization: Buffer
  webhook_id: string | null
  url: string | null
}

/** Webhooks that are not Heroku's come as fast as anyone sends them; their look-ups take this many connections. */
const MOST_LOOKUPS = 2

export function createWebhookStore(pool: Pool, box: SecretBox): WebhookStore {
  const find = gather(findMany, { most: MOST_LOOKUPS })

  async function findMany(resourceIds: readonly string[]): Promise<(StoredWebhook | null)[]> {
    const { rows } = await pool.query<WebhookRow>(
      `select resource_id, sealed_secret, sealed_authorization, webhook_id, url
         from webhook where resource_id = any($1)`,
      [resourceIds],
    )
    const found = new Map(rows.map((row) => [row.resource_id, open(row)]))
    return resourceIds.map((id) => found.get(id) ?? null)
  }

  function open(row: WebhookRow): StoredWebhook | null {
    const resourceId = row.resource_id
    try {
      return {
        secret: box.open(row.sealed_secret, { resourceId, purpose: 'webhook secret' }),
        authorization: box.open(row.sealed_authorization, { resourceId, purpose: 'webhook authorization' }),
        webhookId: row.webhook_id,
        url: row.url,
      }
    } catch (error) {
      if (error instanceof SecretBoxError) return null
      throw error
    }
  }

  return {
    find,

    async findOrMake(resourceId, { secret, authorization }) {
      const known = await find(resourceId)
      if (known !== null) return known
      // The share lock makes a concurrent deprovision wait, or shows it: an ended resource stores no secrets. A row whose
      // secrets do not open counts as none.
      await pool.query(
        `insert into webhook (resource_id, sealed_secret, sealed_authorization)
         select id, $2, $3 from resource where id = $1 and state = 'provisioned' for share
         on conflict (resource_id) do update
           set sealed_secret = excluded.sealed_secret, sealed_authorization = excluded.sealed_authorization,
               webhook_id = null, url = null`,
        [
          resourceId,
          box.seal(secret, { resourceId, purpose: 'webhook secret' }),
          box.seal(authorization, { resourceId, purpose: 'webhook authorization' }),
        ],
      )
      return find(resourceId)
    },

    async setSubscribed(resourceId, webhookId, url) {
      await pool.query('update webhook set webhook_id = $2, url = $3 where resource_id = $1', [
        resourceId,
        webhookId,
        url,
      ])
    },

    async remove(client, resourceId) {
      await client.query('delete from webhook_event where resource_id = $1', [resourceId])
      const { rows } = await client.query<{ webhook_id: string | null }>(
        'delete from webhook where resource_id = $1 returning webhook_id',
        [resourceId],
      )
      return rows[0]?.webhook_id ?? null
    },

    async wasTaken(resourceId, eventId) {
      const { rowCount } = await pool.query(
        'select from webhook_event where resource_id = $1 and event_id = $2',
        [resourceId, eventId],
      )
      return rowCount === 1
    },

    async rememberTaken(resourceId, eventId, now) {
      const { rowCount } = await pool.query(
        `insert into webhook_event (resource_id, event_id, taken_at)
         select resource_id, $2, $3 from webhook where resource_id = $1 on conflict do nothing`,
        [resourceId, eventId, new Date(now)],
      )
      return rowCount === 1
    },

    async deleteTaken(before) {
      await pool.query('delete from webhook_event where taken_at < $1', [new Date(before)])
    },

    async scheduleReading(resourceId, dueAt) {
      await pool.query('update webhook set reading_due_at = $2 where resource_id = $1', [
        resourceId,
        new Date(dueAt),
      ])
    },

    async markDestroyed(resourceId, now) {
      await pool.query('update webhook set destroyed_at = $2 where resource_id = $1', [
        resourceId,
        new Date(now),
      ])
    },

    async claimReadings(now, leaseMs, limit) {
      const { rows } = await pool.query<{ resource_id: string; destroyed_at: Date | null }>(
        `update webhook set reading_due_at = $2
          where resource_id in (
            select resource_id from webhook where reading_due_at <= $1
             order by reading_due_at limit $3 for update skip locked)
          returning resource_id, destroyed_at`,
        [new Date(now), new Date(now + leaseMs), limit],
      )
      return rows.map((row) => ({
        resourceId: row.resource_id,
        isDestroyed: row.destroyed_at !== null,
        claimedUntil: now + leaseMs,
      }))
    },

    async settleReading({ resourceId, claimedUntil }) {
      await pool.query(
        'update webhook set reading_due_at = null where resource_id = $1 and reading_due_at = $2',
        [resourceId, new Date(claimedUntil)],
      )
    },
  }
}
