// GET|POST …/exclusions, PUT|DELETE …/exclusions/:exclusion_id: rules by which lines are dropped before they count, and
// what each of them saved.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import { addCounts } from '../logs/count.ts'
import type { Exclusion, ExclusionStore } from '../logs/exclusion/exclusion-store.ts'
import type { LogStore, Saved } from '../logs/log-store.ts'
import { utcDay } from '../logs/utc-day.ts'
import { countTerms } from '../query/query.ts'
import { readSearch } from './line.ts'
import { instant, keptQuerySchema, nameSchema } from './named.ts'
import { type Operation, operation } from './operation.ts'

/** Each is asked of every line that arrives. */
const MAX_TERMS = 20
const SAVED_DAYS = 30
const DAY_MS = 86_400_000

const savedSchema = z.object({ lines: z.int(), bytes: z.int() })

const exclusionSchema = z
  .object({
    id: z.uuid(),
    name: z.string(),
    q: z.string().describe('The search whose lines are dropped.'),
    on: z.boolean(),
    created_at: instant,
    saved: z
      .object({ today: savedSchema, days30: savedSchema })
      .describe('What it dropped on this UTC day, and on the last thirty with this one.'),
  })
  .meta({ id: 'Exclusion' })

const body = z.object({ name: nameSchema, q: keptQuerySchema, on: z.boolean().default(true) })
const params = z.object({ exclusion_id: z.uuid() })

export interface ExclusionsParts {
  exclusions: ExclusionStore
  logs: Pick<LogStore, 'savedSince'>
  now(): Date
}

export function exclusionOperations(parts: ExclusionsParts): Operation[] {
  const { exclusions } = parts
  return [
    operation({
      name: 'listExclusions',
      method: 'GET',
      path: '/exclusions',
      summary: 'The exclusion rules in the order in which they are tried, and what each saved',
      answer: z.object({ exclusions: z.array(exclusionSchema) }),
      async handle({ reader: { resource } }) {
        const [rules, saved] = await Promise.all([
          exclusions.list(resource.number),
          readSaved(parts, resource.number),
        ])
        return { exclusions: rules.map((rule) => toJson(rule, saved, parts.now())) }
      },
    }),

    operation({
      name: 'createExclusion',
      method: 'POST',
      path: '/exclusions',
      summary: 'Makes an exclusion rule',
      description:
        'From some seconds later on, lines that match it are dropped as they arrive, and do not count towards the daily volume.',
      errors: ['name_taken', 'too_many'],
      body,
      status: 201,
      answer: exclusionSchema,
      async handle({ reader: { resource }, body: { name, q, on } }) {
        checkRule(q)
        const rule = await exclusions.create(resource.number, { name, q, isOn: on })
        return toJson(rule, [], parts.now())
      },
    }),

    operation({
      name: 'updateExclusion',
      method: 'PUT',
      path: '/exclusions/:exclusion_id',
      summary: 'Replaces an exclusion rule, or turns it off or on',
      errors: ['not_found', 'name_taken'],
      params,
      body,
      answer: exclusionSchema,
      async handle({ reader: { resource }, params: { exclusion_id: id }, body: { name, q, on } }) {
        checkRule(q)
        const rule = await exclusions.update(resource.number, id, { name, q, isOn: on })
        return toJson(rule, await readSaved(parts, resource.number), parts.now())
      },
    }),

    operation({
      name: 'deleteExclusion',
      method: 'DELETE',
      path: '/exclusions/:exclusion_id',
      summary: 'Deletes an exclusion rule; what it dropped is not brought back',
      errors: ['not_found'],
      params,
      async handle({ reader: { resource }, params: { exclusion_id: id } }) {
        await exclusions.remove(resource.number, id)
      },
    }),
  ]
}

/** @throws AppError invalid_params */
function checkRule(q: string): void {
  const { query, hints } = readSearch({ q })
  const [hint] = hints
  if (query.kind === 'everything') {
    throw new AppError('invalid_params', { reason: 'q: an empty rule would drop every line' })
  }
  // People notice a misread search. A misread rule drops lines for good.
  if (hint) throw new AppError('invalid_params', { reason: `q, at ${hint.at}: ${hint.text}` })
  if (countTerms(query) > MAX_TERMS) {
    throw new AppError('invalid_params', { reason: `q: a rule has ${MAX_TERMS} conditions at most` })
  }
}

function readSaved({ logs, now }: ExclusionsParts, resourceNumber: number): Promise<Saved[]> {
  return logs.savedSince(resourceNumber, utcDay((now().getTime() - (SAVED_DAYS - 1) * DAY_MS) * 1_000))
}

function toJson(
  { id, name, q, isOn, createdAt }: Exclusion,
  saved: readonly Saved[],
  now: Date,
): z.input<typeof exclusionSchema> {
  const own = saved.filter(({ exclusionId }) => exclusionId === id)
  const today = utcDay(now.getTime() * 1_000)
  return {
    id,
    name,
    q,
    on: isOn,
    created_at: createdAt.toISOString(),
    saved: { today: sum(own.filter(({ day }) => day === today)), days30: sum(own) },
  }
}

function sum(saved: readonly Saved[]): { lines: number; bytes: number } {
  return {
    lines: saved.reduce((lines, one) => addCounts(lines, one.lines), 0),
    bytes: saved.reduce((bytes, one) => addCounts(bytes, one.bytes), 0),
  }
}
