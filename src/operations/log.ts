// The log of the process, one JSON object a line. What must never be in it is left out here, whichever module logs: no
// header, query string, body, cookie or credential, and of an error nothing that quotes data.
import { createRequire } from 'node:module'
import { type DestinationStream, type LogFn, type Logger, pino, type SerializerFn } from 'pino'
import { messageOf, placesOf } from '../error-text.ts'

const MAX_TEXT = 500
/** Errors inside errors; a loop of causes ends here. */
const MAX_CAUSES = 4

const left = () => undefined

const SERIALIZERS: Record<string, SerializerFn> = {
  err: describeError,
  req: (request) => ({ method: request?.method, route: request?.routeOptions?.url }),
  res: (reply) => ({ status: reply?.statusCode }),
  // No module logs these; one that did would print nothing.
  headers: left,
  authorization: left,
  cookie: left,
  cookies: left,
  query: left,
  body: left,
  form: left,
  password: left,
  token: left,
}

export function createLog(level: string, stream: DestinationStream = process.stdout): Logger {
  const hooks = { logMethod: describeFirst, streamWrite: withoutQueries }
  return pino({ level, serializers: SERIALIZERS, hooks }, stream)
}

/** Without a message of its own, or with the error's, pino and Fastify print the error's as it is: here as described. */
function describeFirst(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const [first, message] = args as [unknown, unknown]
  const error = first instanceof Error ? first : (first as { err?: unknown } | null)?.err
  const isOwn = message !== undefined && message !== (error as Error | undefined)?.message
  if (!(error instanceof Error) || isOwn) method.apply(this, args)
  else method.call(this, first instanceof Error ? { err: first } : first, messageOf(error) ?? error.name)
}

/** Cuts the query string off every address in a line of the log, in whatever field or sentence it stands. */
function withoutQueries(line: string): string {
  if (!line.includes('?')) return line
  const cut = (_key: string, value: unknown) => (typeof value === 'string' ? cutQueries(value) : value)
  return `${JSON.stringify(JSON.parse(line, cut))}\n`
}

/** An address has no space. A quotation mark may be part of its query, so it does not end one. */
function cutQueries(text: string): string {
  return text.replace(/\S+/g, (word) => {
    const query = word.indexOf('?')
    return query > word.indexOf('/') && word.includes('/') ? word.slice(0, query) : word
  })
}

/** For people at a terminal, where pino-pretty is installed; anything else reads JSON. */
export function terminalStream(stdout: NodeJS.WriteStream = process.stdout): DestinationStream {
  if (!stdout.isTTY) return stdout
  try {
    // A development package: a production install has no pino-pretty.
    const pretty = createRequire(import.meta.url)('pino-pretty') as (options: object) => DestinationStream
    return pretty({ sync: true, ignore: 'pid,hostname', destination: stdout })
  } catch {
    return stdout
  }
}

/**
 * What helps to find a fault. Left out: pg's `detail` and `where`, which quote rows, log lines among them; any field that
 * a library hangs on its errors.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code, severity, table, constraint, cause } = error as unknown as Record<string, unknown>
  return {
    type: error.name,
    message: messageOf(error),
    code: shortText(code),
    severity: shortText(severity),
    table: shortText(table),
    constraint: shortText(constraint),
    stack: depth === 0 ? placesOf(error) : undefined,
    cause: cause === undefined || depth === MAX_CAUSES ? undefined : describeError(cause, depth + 1),
    errors:
      error instanceof AggregateError && depth < MAX_CAUSES
        ? error.errors.slice(0, MAX_CAUSES).map((one) => describeError(one, depth + 1))
        : undefined,
  }
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined
}
