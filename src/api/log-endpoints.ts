// GET …/log-endpoints: where the lines are sent on to, and how that is going. They are made and changed with Fastly's
// API.
import { z } from 'zod'
import { type Operation, operation } from './operation.ts'

/** What the endpoints' room tells of a resource. */
export interface ShownService {
  id: string
  name: string
  activeVersion: number | null
  newestVersion: number
  shownVersion: number
  endpoints: ShownEndpoint[]
}

interface ShownEndpoint {
  name: string
  host: string
  format: string
  formatVersion: 1 | 2
  condition: { name: string; statement: string } | null
  state: 'streaming' | 'failing' | 'off'
  stream: {
    waitingLines: number
    oldestWaitingAt: Date | null
    sentLines: number
    cutLines: number
    droppedLines: number
    lastSentAt: Date | null
    lastError: string | null
    lastErrorAt: Date | null
    failures: number
    nextTryAt: Date
  } | null
}

export interface LogEndpointsParts {
  logEndpoints(resource: { id: string; name: string | null }): Promise<ShownService[]>
}

const instant = z.iso.datetime().nullable()
const count = z.number().int()

const streamSchema = z.object({
  waiting_lines: count.describe('Stored, and not looked at yet for this endpoint.'),
  oldest_waiting_at: instant,
  sent_lines: count,
  cut_lines: count.describe('Of those sent, the ones that were too long for a frame.'),
  dropped_lines: count.describe('Refused for good by the receiver, or not taken for six hours.'),
  last_sent_at: instant,
  last_error: z.string().nullable(),
  last_error_at: instant,
  next_try_at: instant.describe('Where it is failing.'),
})

const endpointSchema = z
  .object({
    name: z.string(),
    host: z.string().describe('Of its address; the rest of it is a secret.'),
    format: z.string(),
    format_version: z.union([z.literal(1), z.literal(2)]),
    condition: z.object({ name: z.string(), statement: z.string() }).nullable(),
    state: z
      .enum(['streaming', 'failing', 'off'])
      .describe('off: no version is active, or the placement is none, and nothing is sent.'),
    stream: streamSchema.nullable().describe('Null where it is off.'),
  })
  .meta({ id: 'LogEndpoint' })

const answerSchema = z.object({
  services: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      active_version: count.nullable(),
      newest_version: count.describe(
        'Where it is not the active one, what was changed in it is not sent yet.',
      ),
      shown_version: count.describe('The active one; where there is none, the newest.'),
      endpoints: z.array(endpointSchema),
    }),
  ),
})

export function listLogEndpoints({ logEndpoints }: LogEndpointsParts): Operation {
  return operation({
    name: 'listLogEndpoints',
    method: 'GET',
    path: '/log-endpoints',
    summary: 'Where the lines are sent on to, and how that is going',
    answer: answerSchema,
    async handle({ reader: { resource } }) {
      const services = await logEndpoints(resource)
      return {
        services: services.map(({ id, name, activeVersion, newestVersion, shownVersion, endpoints }) => ({
          id,
          name,
          active_version: activeVersion,
          newest_version: newestVersion,
          shown_version: shownVersion,
          endpoints: endpoints.map(endpointToJson),
        })),
      }
    },
  })
}

function endpointToJson(endpoint: ShownEndpoint): z.output<typeof endpointSchema> {
  const { name, host, format, formatVersion, condition, state, stream } = endpoint
  return {
    name,
    host,
    format,
    format_version: formatVersion,
    condition,
    state,
    stream: stream && {
      waiting_lines: stream.waitingLines,
      oldest_waiting_at: time(stream.oldestWaitingAt),
      sent_lines: stream.sentLines,
      cut_lines: stream.cutLines,
      dropped_lines: stream.droppedLines,
      last_sent_at: time(stream.lastSentAt),
      last_error: stream.lastError,
      last_error_at: time(stream.lastErrorAt),
      next_try_at: stream.failures > 0 ? time(stream.nextTryAt) : null,
    },
  }
}

function time(date: Date | null): string | null {
  return date?.toISOString() ?? null
}
