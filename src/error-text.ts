// What may be shown of an error, in the log and at a terminal: no credential, and nothing that quotes data.

/** Enough for any sentence of ours; a foreign error may quote kilobytes of what it was given. */
const MAX_TEXT = 500
const MAX_STACK = 4_000

/** One piece of text for a person; never empty. */
export function errorText(error: unknown): string {
  // A host name with two addresses fails as one error without a message, over both.
  if (error instanceof AggregateError) return [...new Set(error.errors.map(errorText))].join('; ')
  return error instanceof Error ? messageOf(error) || error.name : `a ${typeof error} was thrown`
}

/**
 * The message, but for those that hold a part of what was given: JSON.parse and RegExp quote it; Postgres does in class 22
 * (data exception: `invalid input syntax for type integer: "…"`); ClickHouse quotes statements, values and expressions.
 */
export function messageOf(error: Error): string | undefined {
  if (error instanceof SyntaxError) return undefined
  const { code, severity, type } = error as { code?: unknown; severity?: unknown; type?: unknown }
  if (typeof code === 'string' && severity !== undefined && code.startsWith('22')) return undefined
  // The name of its code: MEMORY_LIMIT_EXCEEDED.
  if (typeof code === 'string' && typeof type === 'string' && /^\d+$/.test(code)) return type
  return withoutCredentials(error.message.slice(0, MAX_TEXT))
}

/** The places only: a stack begins with the message, which is said already or must not be. */
export function placesOf({ stack = '', message }: Error): string | undefined {
  const after = Math.max(0, stack.indexOf(message)) + message.length
  const lines = stack
    .slice(after)
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
  return lines.length === 0 ? undefined : lines.join('\n').slice(0, MAX_STACK)
}

/** `postgres://user:password@host` -> `postgres://[redacted]@host`, also where the password holds `/` or `@`. */
export function withoutCredentials(text: string): string {
  return text
    .split(' ')
    .map((word) => {
      const scheme = word.indexOf('://')
      const at = word.lastIndexOf('@')
      return scheme === -1 || at < scheme ? word : `${word.slice(0, scheme)}://[redacted]${word.slice(at)}`
    })
    .join(' ')
}
