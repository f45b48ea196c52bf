// One request and what came of it, as recorded while the tester played Heroku: what the rules judge, and what a report
// shows. Plain data.

/** Header names as sent or received. */
export type Headers = Readonly<Record<string, string | readonly string[] | undefined>>

export interface Answer {
  status: number
  headers: Headers
  body: Buffer
}

export interface Exchange {
  /** What it was about, for a person: `the same uuid again`. */
  what: string
  /** `heroku`: we asked the add-on. `add-on`: it asked our id server or Platform API. */
  from: 'heroku' | 'add-on'
  /** Milliseconds since 1970. */
  at: number
  request: { method: string; url: string; headers: Headers; body: Buffer }
  /** Null where none came. */
  answer: Answer | null
  /** Why no answer came; null where one did. */
  failure: string | null
  /** From the first byte sent to the last byte received. */
  durationMs: number
}

/** The body as a JSON object; null where it is none. */
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

/** A header's values, whichever case its name was written in. */
export function headerValues(headers: Headers, name: string): readonly string[] {
  const values: string[] = []
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() !== name || value === undefined) continue
    values.push(...(typeof value === 'string' ? [value] : value))
  }
  return values
}
