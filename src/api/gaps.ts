// GET …/gaps: which lines are known to be missing, and why.
import { z } from 'zod'
import type { LogStore } from '../logs/log-store.ts'
import { readTimeSpan } from '../query/time-span.ts'
import { type AppNames, searchShape } from './line.ts'
import { type Operation, operation } from './operation.ts'

const DAY_MS = 86_400_000

export interface GapsParts {
  logs: Pick<LogStore, 'gaps'>
  appNames: AppNames
  now(): Date
}

export const gapShape = {
  kind: z
    .enum([
      'logplex_overflow',
      'shuttle_overflow',
      'shuttle_loss',
      'count_mismatch',
      'quota',
      'unavailable',
      'too_many_lines',
    ])
    .describe(
      'Who lost them: Logplex (L10), the dyno’s log-shuttle (L12, L13), nobody knows, the plan’s volume, we, the bound of 10,000 lines in a delivery.',
    ),
  lines: z.int(),
  minute: z.string().describe('2026-11-21T10:15Z'),
  drain_id: z.int(),
}

export function readGaps({ logs, appNames, now }: GapsParts): Operation {
  return operation({
    name: 'readGaps',
    method: 'GET',
    path: '/gaps',
    summary: 'Lines known to be missing, newest first',
    query: z.object({ from: searchShape.from.describe('Without it: of the last day. 1,000 gaps at most.') }),
    answer: z.object({ gaps: z.array(z.object({ ...gapShape, app: z.string().nullable() })) }),
    async handle({ reader: { resource }, query: { from } }) {
      const span = from === undefined ? undefined : readTimeSpan(from)
      const since = new Date(span === undefined ? now().getTime() - DAY_MS : span.from / 1000)
      const [gaps, apps] = await Promise.all([logs.gaps(resource.number, since), appNames(resource.number)])
      return {
        gaps: gaps.map(({ kind, lines, minute, drainId }) => ({
          kind,
          lines,
          minute,
          drain_id: drainId,
          app: apps.get(drainId) ?? null,
        })),
      }
    },
  })
}
