// A request and its answer as recorded by a play: the evidence of the rules and the content of a report. Plain data.

/** Header names as sent or received. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export interface Answer {
  status: number
  headers: Headers
  body: Buffer
}

export interface Exchange {
  /** What the request was about, for a report: `the same uuid again`. */
  what: string
  /** `heroku`: a call to the add-on. `add-on`: a call of the add-on to the simulated servers. */
  from: 'heroku' | 'add-on'
  /** Milliseconds since 1970. */
  at: number
  request: { method: string; url: string; headers: Headers; body: Buffer }
  /** Null if there was none. */
  answer: Answer | null
  /** Why there was no answer; null if there was one. */
  failure: string | null
  /** From the first byte sent to the last byte received. */
  durationMs: number
}

/** The body as a JSON object; null if it is not one. */
export function jsonObject(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null
  } catch {
    return null
  }
}

/** The values of a header, whose name is compared without case. */
export function headerValues(headers: Headers, name: string): readonly string[] {
  const values: string[] = []
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() !== name || value === undefined) continue
    values.push(...(typeof value === 'string' ? [value] : value))
  }
  return values
}
