// All SQL on `alert`: what is watched, and how it stands. The one place where the address of a webhook is sealed.
// Messages are written in the transaction that changes an alert's state (message-store.ts has the rest of their life).
import type { Pool, PoolClient } from 'pg'
import { withTransaction } from '../database/pool.ts'
import { AppError } from '../errors.ts'
import type { ResourcePart } from '../resources/lifecycle.ts'
import { insertNamed, nameTaken } from '../resources/named-rows.ts'
import type { SealedColumn } from '../secrets/reseal.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import type { Condition } from './condition.ts'
import { DESTINATION_KINDS, destinationOf } from './destinations/destinations.ts'
import { WEBHOOK_PURPOSE } from './destinations/webhook.ts'
import type { MessageContent } from './message.ts'
import type { Standing, Step } from './step.ts'

export interface Alert extends Standing {
  id: string
  name: string
  q: string
  condition: Condition
  webhook: { host: string; hint: string } | null
  email: string | null
  evaluatedAt: Date | null
  /** Why it could not be looked at, or why its last message could not be delivered. */
  lastError: string | null
  createdAt: Date
  updatedAt: Date
}

export interface NewAlert {
  name: string
  q: string
  condition: Condition
  /** undefined, in an update: as it was. */
  webhook: { url: string; host: string; hint: string } | null | undefined
  email: string | null
}

/** Claimed to be looked at. */
export interface DueAlert {
  id: string
  version: number
  resource: { id: string; number: number; name: string }
  name: string
  q: string
  condition: Condition
  watchedSince: Date
  evaluatedAt: Date | null
  announced: boolean
}

export interface Resource {
  id: string
  number: number
}

export interface AlertStore extends ResourcePart {
  /** By name. */
  list(resourceNumber: number): Promise<Alert[]>
  /** @throws AppError not_found, as all that name an alert do */
  find(resourceNumber: number, id: string): Promise<Alert>
  /** @throws AppError name_taken, too_many, invalid_params */
  create(resource: Resource, alert: NewAlert): Promise<Alert>
  /** A changed search or condition starts as unknown. @throws AppError name_taken, invalid_params */
  update(resource: Resource, id: string, alert: NewAlert): Promise<Alert>
  remove(resourceNumber: number, id: string): Promise<void>
  mute(resourceNumber: number, id: string, until: Date | null): Promise<Alert>
  /** Puts a message to each of its addresses into the outbox. @throws AppError tested_too_often */
  test(resourceNumber: number, id: string, now: Date, content: MessageContent): Promise<void>

  /** Alerts that are due, each the caller's until `now + leaseMs`. */
  claimDue(now: Date, leaseMs: number, limit: number): Promise<DueAlert[]>
  /**
   * Writes down what was found out of a claimed alert, with the messages that this calls for.
   *
   * @returns what was told; undefined where the alert was edited, removed or claimed again meanwhile: nothing is
   *   written down then.
   */
  record(alert: DueAlert, found: Found): Promise<Step['tell'] | undefined>
  /** Not looked at this time. */
  postpone(alert: DueAlert, now: Date, dueAt: Date): Promise<void>
}

export interface Found {
  now: Date
  dueAt: Date
  /** From how it stands by now: it may have been muted meanwhile. */
  step(standing: Standing): Step
  error: string | null
  contentOf(tell: NonNullable<Step['tell']>): MessageContent
}

export const MAX_ALERTS = 50
const TEST_EVERY_MS = 60_000

export const ALERT_SEALED_COLUMN: SealedColumn = {
  table: 'alert',
  key: 'id',
  resourceId: '(select resource.id from resource where number = resource_number)',
  column: 'sealed_webhook',
  purpose: WEBHOOK_PURPOSE,
}
const HEADS = `id, name, q, condition, email, webhook_host, webhook_hint, state, announced, announced_at,
  fired_at, muted_until, evaluated_at, coalesce(delivery_error, evaluation_error) as last_error, created_at, updated_at`

interface Row {
  id: string
  name: string
  q: string
  condition: Condition
  email: string | null
  webhook_host: string | null
  webhook_hint: string | null
  state: Standing['state']
  announced: boolean
  announced_at: Date | null
  fired_at: Date | null
  muted_until: Date | null
  evaluated_at: Date | null
  last_error: string | null
  created_at: Date
  updated_at: Date
}

export function createAlertStore(pool: Pool, box: SecretBox): AlertStore {
  const seal = (resource: Resource, webhook: NewAlert['webhook']) =>
    webhook ? box.seal(webhook.url, { resourceId: resource.id, purpose: WEBHOOK_PURPOSE }) : null

  return {
    async list(resourceNumber) {
      const { rows } = await pool.query<Row>(
        `select ${HEADS} from alert where resource_number = $1 order by name`,
        [resourceNumber],
      )
      return rows.map(toAlert)
    },

    async find(resourceNumber, id) {
      return one(
        await pool.query<Row>(`select ${HEADS} from alert where resource_number = $1 and id = $2`, [
          resourceNumber,
          id,
        ]),
      )
    },

    create(resource, alert) {
      const { name, q, condition, webhook, email } = alert
      if (!webhook && email === null) throw goesNowhere()
      const row = { table: 'alert', things: 'alerts', resourceNumber: resource.number, name }
      return insertNamed(pool, row, MAX_ALERTS, async (client) =>
        one(
          await client.query<Row>(
            `insert into alert (resource_number, name, q, condition, email, sealed_webhook, webhook_host, webhook_hint)
             values ($1, $2, $3, $4, $5, $6, $7, $8) returning ${HEADS}`,
            [
              resource.number,
              name,
              q,
              JSON.stringify(condition),
              email,
              seal(resource, webhook),
              webhook?.host ?? null,
              webhook?.hint ?? null,
            ],
          ),
        ),
      )
    },

    update(resource, id, alert) {
      const { name, q, condition, webhook, email } = alert
      const keepsWebhook = webhook === undefined
      return withTransaction(pool, async (client) => {
        const { rows } = await client.query<{ has_webhook: boolean }>(
          `select sealed_webhook is not null as has_webhook from alert
            where resource_number = $1 and id = $2 for update`,
          [resource.number, id],
        )
        const [found] = rows
        if (found === undefined) throw new AppError('not_found')
        if (email === null && !webhook && !(keepsWebhook && found.has_webhook)) throw goesNowhere()
        await client.query(
          `update alert set state = 'unknown', announced = false, announced_at = null, fired_at = null,
                  watched_since = now(), evaluated_at = null, evaluation_error = null
            where id = $1 and (q <> $2 or condition <> $3::jsonb)`,
          [id, q, JSON.stringify(condition)],
        )
        const updated = await nameTaken(name, () =>
          client.query<Row>(
            `update alert set name = $2, q = $3, condition = $4, email = $5,
                    sealed_webhook = case when $6 then sealed_webhook else $7 end,
                    webhook_host = case when $6 then webhook_host else $8 end,
                    webhook_hint = case when $6 then webhook_hint else $9 end,
                    delivery_error = null, version = version + 1, due_at = now(), updated_at = now()
              where id = $1 returning ${HEADS}`,
            [
              id,
              name,
              q,
              JSON.stringify(condition),
              email,
              keepsWebhook,
              seal(resource, webhook),
              webhook?.host ?? null,
              webhook?.hint ?? null,
            ],
          ),
        )
        return one(updated)
      })
    },

    async remove(resourceNumber, id) {
      const { rowCount } = await pool.query('delete from alert where resource_number = $1 and id = $2', [
        resourceNumber,
        id,
      ])
      if (rowCount === 0) throw new AppError('not_found')
    },

    async mute(resourceNumber, id, until) {
      return one(
        await pool.query<Row>(
          `update alert set muted_until = $3 where resource_number = $1 and id = $2 returning ${HEADS}`,
          [resourceNumber, id, until],
        ),
      )
    },

    test(resourceNumber, id, now, content) {
      return withTransaction(pool, async (client) => {
        const { rows } = await client.query<Pick<Row, 'id'> & { tested_at: Date | null }>(
          'select id, tested_at from alert where resource_number = $1 and id = $2 for update',
          [resourceNumber, id],
        )
        const [found] = rows
        if (found === undefined) throw new AppError('not_found')
        const { tested_at: testedAt } = found
        if (testedAt !== null && now.getTime() - testedAt.getTime() < TEST_EVERY_MS) {
          throw new AppError('tested_too_often')
        }
        await client.query('update alert set tested_at = $2 where id = $1', [id, now])
        await addMessages(client, id, content, now)
      })
    },

    async end(client, { number }) {
      // Their messages go with them.
      await client.query('delete from alert where resource_number = $1', [number])
    },

    async claimDue(now, leaseMs, limit) {
      const { rows } = await pool.query<
        Pick<Row, 'id' | 'name' | 'q' | 'condition' | 'evaluated_at' | 'announced'> & {
          version: number
          watched_since: Date
          resource_id: string
          resource_number: number
          resource_name: string
        }
      >(
        `update alert set version = version + 1, due_at = $2
           from resource
          where number = resource_number and alert.id in (
            select alert.id from alert join resource on number = resource_number
             where due_at <= $1 and resource.state = 'provisioned'
             order by due_at limit $3 for update of alert skip locked)
         returning alert.id, version, alert.name, q, condition, watched_since, evaluated_at, announced,
                   resource.id as resource_id, resource_number, resource.name as resource_name`,
        [now, new Date(now.getTime() + leaseMs), limit],
      )
      return rows.map((row) => ({
        id: row.id,
        version: row.version,
        resource: { id: row.resource_id, number: row.resource_number, name: row.resource_name },
        name: row.name,
        q: row.q,
        condition: row.condition,
        watchedSince: row.watched_since,
        evaluatedAt: row.evaluated_at,
        announced: row.announced,
      }))
    },

    record({ id, version }, { now, dueAt, step, error, contentOf }) {
      return withTransaction(pool, async (client) => {
        const { rows } = await client.query<Row>(
          `select ${HEADS} from alert where id = $1 and version = $2 for update`,
          [id, version],
        )
        const [row] = rows
        if (row === undefined) return undefined
        const { standing, tell } = step(toAlert(row))
        await client.query(
          `update alert set state = $2, announced = $3, announced_at = $4, fired_at = $5, evaluated_at = $6,
                  due_at = $7, evaluation_error = $8
            where id = $1`,
          [id, standing.state, standing.announced, standing.announcedAt, standing.firedAt, now, dueAt, error],
        )
        if (tell !== null) await addMessages(client, id, contentOf(tell), now)
        return tell
      })
    },

    async postpone({ id, version }, now, dueAt) {
      await pool.query('update alert set evaluated_at = $3, due_at = $4 where id = $1 and version = $2', [
        id,
        version,
        now,
        dueAt,
      ])
    },
  }
}

/** Kind of destination, and whether the alert has an address of it. */
const ADDRESSES = DESTINATION_KINDS.map(
  (kind) => `('${kind}', alert.${destinationOf(kind).column} is not null)`,
).join(', ')

/** One for each address that the alert has. */
async function addMessages(
  client: PoolClient,
  alertId: string,
  content: MessageContent,
  now: Date,
): Promise<void> {
  await client.query(
    `insert into alert_message (alert_id, channel, content, created_at, due_at)
     select id, channel, $2, $3, $3 from alert, lateral (values ${ADDRESSES}) as destination (channel, has_one)
      where id = $1 and has_one`,
    [alertId, JSON.stringify(content), now],
  )
}

function goesNowhere(): AppError {
  return new AppError('invalid_params', { reason: 'to: give a webhook or an email' })
}

function one({ rows }: { rows: Row[] }): Alert {
  const [row] = rows
  if (row === undefined) throw new AppError('not_found')
  return toAlert(row)
}

function toAlert(row: Row): Alert {
  return {
    id: row.id,
    name: row.name,
    q: row.q,
    condition: row.condition,
    webhook: row.webhook_host === null ? null : { host: row.webhook_host, hint: row.webhook_hint ?? '' },
    email: row.email,
    state: row.state,
    announced: row.announced,
    announcedAt: row.announced_at,
    firedAt: row.fired_at,
    mutedUntil: row.muted_until,
    evaluatedAt: row.evaluated_at,
    lastError: row.last_error,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }
}
