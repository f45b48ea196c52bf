// POST …/log-endpoints/preview: what a format would send of the last lines. It stores nothing; it is a POST because a
// format may be longer than an address.
import { z } from 'zod'
import { timeSchema } from './line.ts'
import { type Operation, operation } from './operation.ts'

/** As long as the ones that can be stored. */
const MAX_FORMAT = 12_288
const MAX_CONDITION = 4_000

/** What the endpoints' room makes of it. */
export interface ShownPreview {
  mistakes: { of: 'format' | 'condition'; at: number; reason: string }[]
  lines: {
    line: { cursor: string; sentAt: string; source: string | null; process: string | null }
    text: string
    wasCut: boolean
  }[]
  lookedAt: number
}

export interface PreviewFormatParts {
  previewFormat(
    resource: { id: string; number: number },
    question: {
      serviceId: string | null
      format: string
      formatVersion: 1 | 2
      statement: string | null
      signal: AbortSignal
    },
  ): Promise<ShownPreview>
}

export function previewLogEndpoint({ previewFormat }: PreviewFormatParts): Operation {
  return operation({
    name: 'previewLogEndpoint',
    method: 'POST',
    path: '/log-endpoints/preview',
    summary: 'What a format would send of the last lines',
    description: 'Stores nothing. A format or a condition that is wrong is told with its place.',
    errors: ['not_found'],
    body: z.object({
      format: z.string().max(MAX_FORMAT),
      format_version: z.union([z.literal(1), z.literal(2)]).default(2),
      condition: z
        .string()
        .max(MAX_CONDITION)
        .nullable()
        .default(null)
        .describe('The statement; null for every line.'),
      service_id: z.string().max(100).nullable().default(null).describe('What `req.service_id` stands for.'),
    }),
    answer: z.object({
      mistakes: z
        .array(
          z.object({
            of: z.enum(['format', 'condition']),
            at: z.int().describe('Which character of it, from 0.'),
            text: z.string().describe('What is wrong with it.'),
          }),
        )
        .describe('Where there is one, nothing can be sent, and no lines are shown.'),
      lines: z
        .array(
          z.object({
            cursor: z.string(),
            sent_at: timeSchema,
            source: z.string().nullable(),
            process: z.string().nullable(),
            text: z.string().describe('What would be sent of it.'),
            was_cut: z.boolean().describe('It is longer than a frame may be.'),
          }),
        )
        .describe('The last ten that would be sent, newest first.'),
      looked_at: z.int().describe('How many of the last lines were asked for them: 1,000 at most.'),
    }),
    async handle({ reader: { resource }, body, signal }) {
      const { mistakes, lines, lookedAt } = await previewFormat(resource, {
        serviceId: body.service_id,
        format: body.format,
        formatVersion: body.format_version,
        statement: body.condition,
        signal,
      })
      return {
        mistakes: mistakes.map(({ of, at, reason }) => ({ of, at, text: reason })),
        lines: lines.map(({ line: { cursor, sentAt, source, process }, text, wasCut }) => ({
          cursor,
          sent_at: sentAt,
          source,
          process,
          text,
          was_cut: wasCut,
        })),
        looked_at: lookedAt,
      }
    },
  })
}
