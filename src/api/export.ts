// GET …/export: all that matches, as a file. Oldest first, as fast as it is taken, never more than a page in memory.
import { z } from 'zod'
import { formatMicros } from '../logplex/frame-form.ts'
import type { LogLine } from '../logplex/framed-line.ts'
import type { LogStore } from '../logs/log-store.ts'
import type { Apps } from '../query/line-view.ts'
import { type AppNames, lineToJson, readSearch, searchShape } from './line.ts'
import { counted } from './lines.ts'
import type { OpenStreams } from './live/event-stream.ts'
import { lineToText } from './live/tail-form.ts'
import { type Operation, operation } from './operation.ts'
import { streamAnswer } from './stream-answer.ts'
import { walk } from './walk.ts'

const PAGE_LINES = 1_000

export interface ExportParts {
  logs: Pick<LogStore, 'read'>
  appNames: AppNames
  streams: OpenStreams
  now(): Date
}

const FORMATS = {
  text: {
    type: 'text/plain; charset=utf-8',
    ending: 'log',
    write: (line: LogLine) => `${lineToText(line)}\n`,
  },
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    ending: 'ndjson',
    write: (line: LogLine, apps: Apps) => `${JSON.stringify(lineToJson(line, apps))}\n`,
  },
  frames: {
    type: 'application/logplex-1',
    ending: 'logplex',
    write: (line: LogLine) => Buffer.concat(counted(line)),
  },
}

export function exportLines({ logs, appNames, streams, now }: ExportParts): Operation {
  return operation({
    name: 'exportLines',
    method: 'GET',
    path: '/export',
    summary: 'All lines that match, as a file, oldest first',
    description:
      'Up to the moment in which it began. Takes its time, and ends with the connection; one that was cut off has no proper end (with `gzip`, a damaged one).',
    query: z.object({
      ...searchShape,
      format: z
        .enum(['text', 'ndjson', 'frames'])
        .default('ndjson')
        .describe(
          'As `heroku logs` prints; a `Line` in each line; or the frames as they came in, octet-counted.',
        ),
      gzip: z.enum(['true', 'false']).default('false').describe('Compresses the file itself.'),
    }),
    others: {
      'text/plain': 'With `format=text`.',
      'application/x-ndjson': 'With `format=ndjson`.',
      'application/logplex-1': 'With `format=frames`.',
      'application/gzip': 'With `gzip=true`.',
    },
    async handle({ reader: { resource }, query: asked, request, signal }) {
      const time = now()
      // The end is fixed: an export that lines keep being added to would never end.
      const { bounded: search } = readSearch({
        ...asked,
        to: asked.to ?? formatMicros(time.getTime() * 1000),
      })
      const { type, ending, write } = FORMATS[asked.format]
      const gzip = asked.gzip === 'true'
      const apps = await appNames(resource.number)
      const query = { resourceNumber: resource.number, search, apps, limit: PAGE_LINES, oldestFirst: true }
      const name = `${fileName(resource.name)}-${time.toISOString().slice(0, 19).replaceAll(':', '')}`
      return streamAnswer(
        { request, signal, streams },
        gzip ? 'application/gzip' : type,
        async function* (signal) {
          for await (const { lines } of walk(logs, query, signal)) {
            if (lines.length === 0) continue
            yield Buffer.concat(lines.toReversed().map((line) => Buffer.from(write(line, apps))))
          }
        },
        {
          gzip,
          headers: { 'content-disposition': `attachment; filename="${name}.${ending}${gzip ? '.gz' : ''}"` },
        },
      )
    },
  })
}

function fileName(name: string): string {
  return name.replace(/[^\w.-]+/g, '-').slice(0, 80)
}
