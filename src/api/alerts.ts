// GET|POST …/alerts, GET|PUT|DELETE …/alerts/:alert_id, POST …/alerts/:alert_id/mute and /test: searches that are watched.
import { z } from 'zod'
import type { Alert, NewAlert } from '../alerts/alert-store.ts'
import type { AlertsRoom } from '../alerts/alerts.ts'
import type { Condition } from '../alerts/condition.ts'
import {
  askedDestinations,
  readDestinations,
  showDestinations,
  shownDestinations,
} from '../alerts/destinations/destinations.ts'
import { readSearch } from './line.ts'
import { instant, keptQuerySchema, nameSchema } from './named.ts'
import { type Operation, operation } from './operation.ts'

const COUNTED_MINUTES = 60
const SILENT_MINUTES = 1_440
const MAX_LINES = 1_000_000
const MAX_MUTED_MINUTES = 10_080

const countedMinutes = z.int().min(1).max(COUNTED_MINUTES)
const conditionSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('more_than'),
      lines: z.int().min(0).max(MAX_LINES),
      minutes: countedMinutes,
    }),
    z.object({
      kind: z.literal('ratio'),
      of_q: keptQuerySchema.describe('The lines that it is a part of; the part is what matches `q` too.'),
      percent: z.number().min(0).max(100),
      minutes: countedMinutes,
      at_least_lines: z
        .int()
        .min(1)
        .max(MAX_LINES)
        .default(20)
        .describe('Of fewer lines of `of_q` it says nothing.'),
    }),
    z.object({ kind: z.literal('silence'), minutes: z.int().min(1).max(SILENT_MINUTES) }),
  ])
  .meta({ id: 'AlertCondition' })

const alertSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    q: z.string(),
    condition: conditionSchema,
    to: shownDestinations,
    muted_until: instant.nullable(),
    state: z.enum(['ok', 'firing', 'unknown']),
    last_evaluated_at: instant.nullable(),
    last_fired_at: instant.nullable(),
    last_error: z
      .string()
      .nullable()
      .describe('Why it could not be looked at, or its last message not be delivered.'),
  })
  .meta({ id: 'Alert' })

const body = z.object({
  name: nameSchema,
  q: keptQuerySchema.default(''),
  condition: conditionSchema,
  to: askedDestinations,
})
const params = z.object({ alert_id: z.uuid() })

export interface AlertsParts {
  alerts: Pick<AlertsRoom, 'store' | 'hasMail' | 'allowInside'>
  now(): Date
}

export function alertOperations(parts: AlertsParts): Operation[] {
  const { store } = parts.alerts
  return [
    operation({
      name: 'listAlerts',
      method: 'GET',
      path: '/alerts',
      summary: 'The alerts, by name',
      answer: z.object({ alerts: z.array(alertSchema) }),
      async handle({ reader: { resource } }) {
        return { alerts: (await store.list(resource.number)).map(toJson) }
      },
    }),

    operation({
      name: 'readAlert',
      method: 'GET',
      path: '/alerts/:alert_id',
      summary: 'One alert',
      errors: ['not_found'],
      params,
      answer: alertSchema,
      async handle({ reader: { resource }, params: { alert_id: id } }) {
        return toJson(await store.find(resource.number, id))
      },
    }),

    operation({
      name: 'createAlert',
      method: 'POST',
      path: '/alerts',
      summary: 'Makes an alert',
      description:
        'It tells once when it begins to fire, and once when that is over. `to` needs a webhook, which takes the JSON that Slack reads, or an e-mail address.',
      errors: ['name_taken', 'too_many'],
      body,
      status: 201,
      answer: alertSchema,
      async handle({ reader: { resource }, body: asked }) {
        return toJson(await store.create(resource, readAlert(asked, parts)))
      },
    }),

    operation({
      name: 'updateAlert',
      method: 'PUT',
      path: '/alerts/:alert_id',
      summary: 'Replaces an alert',
      errors: ['not_found', 'name_taken'],
      params,
      body,
      answer: alertSchema,
      async handle({ reader: { resource }, params: { alert_id: id }, body: asked }) {
        return toJson(await store.update(resource, id, readAlert(asked, parts)))
      },
    }),

    operation({
      name: 'deleteAlert',
      method: 'DELETE',
      path: '/alerts/:alert_id',
      summary: 'Deletes an alert, and messages of it that are still on their way',
      errors: ['not_found'],
      params,
      async handle({ reader: { resource }, params: { alert_id: id } }) {
        await store.remove(resource.number, id)
      },
    }),

    operation({
      name: 'muteAlert',
      method: 'POST',
      path: '/alerts/:alert_id/mute',
      summary: 'Keeps an alert quiet for some minutes; 0 ends that',
      errors: ['not_found'],
      params,
      body: z.object({ minutes: z.int().min(0).max(MAX_MUTED_MINUTES) }),
      answer: alertSchema,
      async handle({ reader: { resource }, params: { alert_id: id }, body: { minutes } }) {
        const until = minutes === 0 ? null : new Date(parts.now().getTime() + minutes * 60_000)
        return toJson(await store.mute(resource.number, id, until))
      },
    }),

    operation({
      name: 'testAlert',
      method: 'POST',
      path: '/alerts/:alert_id/test',
      summary: 'Sends a message to try the addresses of an alert; once a minute',
      description: 'What came of it is in `last_error` some seconds later.',
      errors: ['not_found', 'tested_too_often'],
      params,
      status: 202,
      async handle({ reader: { resource }, params: { alert_id: id } }) {
        const { name, q, condition } = await store.find(resource.number, id)
        await store.test(resource.number, id, parts.now(), {
          kind: 'test',
          alert: { id, name, q, condition },
          resource: { id: resource.id, name: resource.name },
          window: null,
          lines: 0,
          isAll: true,
          ofLines: null,
          examples: [],
        })
      },
    }),
  ]
}

/** @throws AppError invalid_params */
function readAlert({ name, q, condition, to }: z.output<typeof body>, { alerts }: AlertsParts): NewAlert {
  readSearch({ q })
  if (condition.kind === 'ratio') readSearch({ q: condition.of_q })
  return { name, q, condition: readCondition(condition), ...readDestinations(to, alerts) }
}

function readCondition(condition: z.output<typeof conditionSchema>): Condition {
  if (condition.kind !== 'ratio') return condition
  const { of_q: ofQ, at_least_lines: atLeastLines, ...rest } = condition
  return { ...rest, ofQ, atLeastLines }
}

function conditionToJson(condition: Condition): z.output<typeof conditionSchema> {
  if (condition.kind !== 'ratio') return condition
  const { ofQ, atLeastLines, ...rest } = condition
  return { ...rest, of_q: ofQ, at_least_lines: atLeastLines }
}

function toJson(alert: Alert): z.input<typeof alertSchema> {
  const { id, name, q, condition, mutedUntil, state } = alert
  return {
    id,
    name,
    q,
    condition: conditionToJson(condition),
    to: showDestinations(alert),
    muted_until: mutedUntil?.toISOString() ?? null,
    state,
    last_evaluated_at: alert.evaluatedAt?.toISOString() ?? null,
    last_fired_at: alert.firedAt?.toISOString() ?? null,
    last_error: alert.lastError,
  }
}
