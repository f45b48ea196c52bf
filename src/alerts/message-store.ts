// All SQL on alert_message, but for writing one (alert-store.ts): the outbox. A message is there until its receiver has
// taken it, or it is given up. A process that dies between the two leaves it to another one, so a message may come
// twice and is never lost.
import type { Pool } from 'pg'
import { withTransaction } from '../database/pool.ts'
import type { SecretBox } from '../secrets/secret-box.ts'
import { DESTINATION_KINDS, type DestinationKind, destinationOf } from './destinations/destinations.ts'
import type { MessageContent } from './message.ts'

export interface DueMessage {
  id: string
  alertId: string
  resource: { id: string; number: number }
  content: MessageContent
  /** With this one. */
  tries: number
  createdAt: Date
  /** Null where the alert has no such address any more. */
  to: { kind: DestinationKind; open(): string } | null
}

export interface MessageStore {
  /** Messages that are due, each the caller's until `now + leaseMs`. Of one alert and address the oldest only. */
  claimDue(now: Date, leaseMs: number, limit: number): Promise<DueMessage[]>
  delivered(message: DueMessage): Promise<void>
  /** `dueAt` null: given up. */
  failed(message: DueMessage, error: string, dueAt: Date | null): Promise<void>
  /** Not tried. */
  postpone(message: DueMessage, dueAt: Date): Promise<void>
}

const COLUMNS = DESTINATION_KINDS.map((kind) => destinationOf(kind).column).join(', ')

interface Row {
  id: string
  alert_id: string
  channel: DestinationKind
  content: MessageContent
  tries: number
  created_at: Date
  /** The columns of all kinds of destinations. */
  [column: string]: unknown
  resource_id: string
  resource_number: number
}

export function createMessageStore(pool: Pool, box: Pick<SecretBox, 'open'>): MessageStore {
  return {
    async claimDue(now, leaseMs, limit) {
      // In order, or a recovery overtakes the firing that has to be tried again.
      const { rows } = await pool.query<Row>(
        `update alert_message as message set tries = tries + 1, due_at = $2
           from alert join resource on number = resource_number
          where alert.id = alert_id and message.id in (
            select id from alert_message as due
             where due_at <= $1 and channel = any($4) and not exists (
               select from alert_message as older
                where older.alert_id = due.alert_id and older.channel = due.channel
                  and (older.created_at, older.id) < (due.created_at, due.id))
             order by due_at limit $3 for update skip locked)
         returning message.id, alert_id, channel, content, tries, message.created_at, ${COLUMNS},
                   resource.id as resource_id, resource_number`,
        // A newer release may have written of a kind that this one does not know: it waits for that release.
        [now, new Date(now.getTime() + leaseMs), limit, DESTINATION_KINDS],
      )
      return rows.map((row) => ({
        id: row.id,
        alertId: row.alert_id,
        resource: { id: row.resource_id, number: row.resource_number },
        content: row.content,
        tries: row.tries,
        createdAt: row.created_at,
        to: addressOf(row, box),
      }))
    },

    delivered: (message) => end(pool, message, null),

    async failed(message, error, dueAt) {
      if (dueAt === null) return end(pool, message, error)
      await pool.query('update alert_message set due_at = $2 where id = $1', [message.id, dueAt])
      await pool.query('update alert set delivery_error = $2 where id = $1', [message.alertId, error])
    },

    async postpone({ id }, dueAt) {
      await pool.query('update alert_message set due_at = $2, tries = tries - 1 where id = $1', [id, dueAt])
    },
  }
}

function end(pool: Pool, { id, alertId }: DueMessage, error: string | null): Promise<void> {
  return withTransaction(pool, async (client) => {
    await client.query('delete from alert_message where id = $1', [id])
    await client.query('update alert set delivery_error = $2 where id = $1', [alertId, error])
  })
}

function addressOf(row: Row, box: Pick<SecretBox, 'open'>): DueMessage['to'] {
  const destination = destinationOf(row.channel)
  const stored = row[destination.column]
  if (stored === null) return null
  return { kind: row.channel, open: () => destination.open(stored, row.resource_id, box) }
}
