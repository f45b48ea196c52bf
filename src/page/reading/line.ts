// A line as the API gives it and as the page reads it. Pure; runs on the server for the first paint and in the browser.

export interface Line {
  /** The line's place in the order; opaque. */
  cursor: string
  /** RFC 3339 with six digits and Z, as `received_at`. */
  sent_at: string
  received_at: string
  drain_id: number
  app: string | null
  priority: number | null
  level: string | null
  code: string | null
  source: string | null
  process: string | null
  message: string
}

/** Lines stand in the order of their times, and those of one time in the order of their receipt. */
export function compareLines(
  a: Pick<Line, 'sent_at' | 'received_at'>,
  b: Pick<Line, 'sent_at' | 'received_at'>,
): number {
  if (a.sent_at !== b.sent_at) return a.sent_at < b.sent_at ? -1 : 1
  if (a.received_at !== b.received_at) return a.received_at < b.received_at ? -1 : 1
  return 0
}

/** As `heroku logs` prints it: what copying gives. */
export function plainText(line: Line): string {
  const origin = `${line.source ?? ''}[${line.process ?? ''}]`
  return `${line.sent_at.replace('Z', '+00:00')} ${origin}: ${withoutControls(line.message)}`
}

/** Terminal control sequences (ECMA-48 CSI) are for terminals. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control sequences that are meant
const CSI = /\x1b\[[0-?]*[ -/]*[@-~]/g

export function withoutControls(text: string): string {
  return text.includes('\x1b') ? text.replace(CSI, '') : text
}

export function isBad(line: Pick<Line, 'level'>): boolean {
  return line.level === 'error' || line.level === 'fatal'
}
