// The log of the process, one JSON object a line. What must never be in it is kept out by the serializers, whoever
// logs: no header, query, body, cookie or credential, and of an error nothing that quotes data.
import { createRequire } from 'node:module'
import { type DestinationStream, type Logger, pino, type SerializerFn } from 'pino'

/** Enough for any sentence of ours; somebody else's error may quote kilobytes of what it was given. */
const MAX_TEXT = 500
const MAX_STACK = 4_000
/** Errors inside errors; a loop of causes ends here. */
const MAX_CAUSES = 4

const left = () => undefined

const SERIALIZERS: Record<string, SerializerFn> = {
  err: describeError,
  req: (request) => ({ method: request?.method, route: request?.routeOptions?.url }),
  res: (reply) => ({ status: reply?.statusCode }),
  // Nobody logs these. Should somebody begin to, nothing comes out.
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
  return pino({ level, serializers: SERIALIZERS }, stream)
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
 * What helps to find a fault. Left out: pg's `detail` and `where`, which quote rows, log lines among them; the
 * message of a SyntaxError, in which JSON.parse quotes the body; and any field that a library hangs on its errors.
 */
function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return { type: typeof error }
  const { code, severity, table, constraint, cause } = error as unknown as Record<string, unknown>
  const quotes = error instanceof SyntaxError
  return {
    type: error.name,
    message: quotes ? undefined : error.message.slice(0, MAX_TEXT),
    code: shortText(code),
    severity: shortText(severity),
    table: shortText(table),
    constraint: shortText(constraint),
    stack: depth === 0 ? frames(error) : undefined,
    cause: cause === undefined || depth === MAX_CAUSES ? undefined : describeError(cause, depth + 1),
    errors:
      error instanceof AggregateError && depth < MAX_CAUSES
        ? error.errors.slice(0, MAX_CAUSES).map((one) => describeError(one, depth + 1))
        : undefined,
  }
}

/** The places only: a stack begins with the message, which is said already or must not be. */
function frames(error: Error): string | undefined {
  const lines = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return lines.length === 0 ? undefined : lines.join('\n').slice(0, MAX_STACK)
}

function shortText(value: unknown): string | undefined {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : undefined
}
