// Prints a line of `culvert logs` as `heroku logs` does, in colour on a terminal. Pure.

/** A line as the API gives it: the parts that are printed. */
export interface ShownLine {
  cursor: string
  sent_at: string
  level: string | null
  source: string | null
  process: string | null
  message: string
}

/** Never red or yellow: those are for errors and warnings. */
const COLOURS = [36, 32, 34, 35, 96, 92, 94, 95]
const RED = 31
const YELLOW = 33

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control characters that are meant
const CONTROL = /(\x1b\[[0-9;]*m)|\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f-\x9f]/g

/** 2026-11-21T10:00:00.123456+00:00 app[web.1]: message */
export function printLine(line: ShownLine, isTerminal: boolean): string {
  const time = line.sent_at.replace('Z', '+00:00')
  const process = line.process ?? ''
  const from = `${line.source ?? '-'}${process === '' ? '' : `[${process}]`}:`
  if (!isTerminal) return `${time} ${from} ${line.message}\n`
  const head = coloured(COLOURS[hash(from) % COLOURS.length] as number, `${time} ${from}`)
  const message = harmless(line.message)
  if (line.level === 'error' || line.level === 'fatal') return `${head} ${coloured(RED, message)}\n`
  return `${head} ${line.level === 'warn' ? coloured(YELLOW, message) : message}\n`
}

/** A log is written by strangers: of what a terminal obeys, only its colours are let through. */
function harmless(message: string): string {
  const kept = message.replace(CONTROL, (_, colour: string | undefined) => colour ?? '')
  return kept.includes('\x1b') ? `${kept}\x1b[0m` : kept
}

function coloured(colour: number, text: string): string {
  return `\x1b[${colour}m${text}\x1b[0m`
}

/** The same process has the same colour, today and tomorrow. */
function hash(text: string): number {
  let sum = 0
  for (const character of text) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) >>> 0
  return sum
}
