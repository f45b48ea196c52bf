// GET …/tail: the newest lines, then each line as it is stored, by whatever process. As events for a browser, as JSON
// lines for a program, as text for `curl -N`.
import { z } from 'zod'
import { AppError } from '../errors.ts'
import type { LogStore } from '../logs/log-store.ts'
import type { LogTail } from '../logs/log-tail.ts'
import { EVERYTHING } from '../query/everything.ts'
import { type AppNames, lineSchema, readSearch, searchShape, timeSchema } from './line.ts'
import { MAX_LIMIT } from './line-query.ts'
import { type OpenStreams, STREAM_HEADERS } from './live/event-stream.ts'
import type { TailCounters } from './live/tail-counters.ts'
import { formOf } from './live/tail-form.ts'
import type { TailRooms } from './live/tail-rooms.ts'
import { type Operation, operation, RawAnswer } from './operation.ts'

/** In one process: each may have a megabyte on its way. */
const MAX_READERS = 300
/** How long the past is searched before what was found of it is shown. */
const HISTORY_EFFORT = { lines: 1_000_000, ms: 1_000 }

export interface TailParts {
  logs: Pick<LogStore, 'read'>
  tail: LogTail
  rooms: TailRooms
  streams: OpenStreams
  appNames: AppNames
  counters: TailCounters
}

const positionSchema = z.string().max(4_100)

export function tailLines({ logs, tail, rooms, streams, appNames, counters }: TailParts): Operation {
  return operation({
    name: 'tailLines',
    method: 'GET',
    path: '/tail',
    summary: 'The newest lines, then each line as it is stored',
    description: [
      'Events for `Accept: text/event-stream`, a line of JSON for each line for `application/x-ndjson`, otherwise text as',
      '`heroku logs` prints it. Lines that come late are given when they come. A reader who is too slow is told how many',
      'lines were skipped. With `Last-Event-ID`, or `since`, a tail goes on where another one ended, without a hole, for',
      'three quarters of a minute; then it begins anew.',
    ].join(' '),
    query: z.object({
      q: searchShape.q,
      last: z.coerce
        .number()
        .int()
        .min(0)
        .max(MAX_LIMIT)
        .default(200)
        .describe('How many lines of the past to begin with.'),
      since: positionSchema.optional().describe('The id of the last event of an earlier tail.'),
    }),
    events: {
      lines: z.object({
        lines: z.array(lineSchema).describe('Oldest first.'),
        older: z
          .string()
          .nullable()
          .optional()
          .describe('Only in the first one: `before` of …/lines, for what is older.'),
      }),
      skipped: z
        .object({ lines: z.int(), from: timeSchema, to: timeSchema })
        .describe('These were too many at once; …/lines loads them, with this `from` and `to`.'),
      gap: z
        .object({ kind: z.string(), lines: z.int(), minute: z.string(), drain_id: z.int() })
        .describe('Lines known to be lost.'),
      pulse: z
        .object({
          last_received_at: timeSchema.nullable(),
          lines_per_second: z.number().describe('Of the resource, whatever the search.'),
          server_time: z.iso.datetime(),
        })
        .describe('Every two seconds.'),
      end: z.object({
        reason: z
          .enum(['signed_out', 'restarting', 'behind'])
          .describe('`restarting` and `behind`: connect again.'),
      }),
    },
    others: {
      'application/x-ndjson':
        'A `Line` in each line; what is no line has an `event`. Empty lines keep the connection open.',
      'text/plain':
        '`2026-11-21T10:00:00.123456+00:00 app[web.1]: message`. Empty lines keep the connection open.',
    },
    async handle({ reader, query: { q, last, since }, request, signal }) {
      const { resource } = reader
      const { query: search } = readSearch({ q })
      if (rooms.size >= MAX_READERS || streams.isEnding) {
        counters.tailsRefused++
        throw new AppError('unavailable')
      }
      const apps = await appNames(resource.number)
      const lastEventId = positionSchema.safeParse(request.headers['last-event-id'])
      const position = since ?? lastEventId.data
      const [following, newest] = await Promise.all([
        tail.follow({
          resourceNumber: resource.number,
          ...(position ? { since: position } : {}),
          // One at least, which a reader who wants none is not shown.
          history: { search, apps, limit: Math.max(1, last), effort: HISTORY_EFFORT },
          signal,
        }),
        logs.read({ resourceNumber: resource.number, search: EVERYTHING, limit: 1, signal }),
      ])
      try {
        signal.throwIfAborted()
        const form = formOf(request.headers.accept)
        const live = await rooms.add({
          resourceNumber: resource.number,
          search,
          form,
          following,
          last,
          lastReceivedAt: newest.lines[0]?.receivedAt ?? null,
          stillMay: reader.stillMay,
        })
        live.out.once(
          'close',
          streams.add(() => live.end('restarting')),
        )
        return new RawAnswer(form.type, live.out, STREAM_HEADERS)
      } catch (error) {
        following.stop()
        throw error
      }
    },
  })
}
