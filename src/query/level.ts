// How bad a line says it is. Heroku does not tell: every line that a dyno prints has the same syslog priority, stdout
// and stderr alike. So the level is read from the message, the first of these that there is:
//
//   1. a key of a JSON or key=value message: level, severity, lvl, loglevel, levelname, at (level=warning, at=error)
//   2. one of Heroku's codes, and a dyno that crashed: error
//   3. a level in capitals, or in brackets, near the start: ERROR, [warn], E, [2026-11-21…] ERROR -- :
//   4. the start of the message: error: …, TypeError: …, Traceback (most recent call last)
//
// A line of which nothing of this is true has no level. Pure.
import { fold } from './fold.ts'
import type { Fields } from './message-fields.ts'

export const LEVELS = ['trace', 'debug', 'info', 'notice', 'warn', 'error', 'fatal'] as const
export type Level = (typeof LEVELS)[number]

/** Every word for a level, in lower case. */
const NAMES: Record<Level, readonly string[]> = {
  trace: ['trace', 'verbose'],
  debug: ['debug'],
  info: ['info', 'information', 'log'],
  notice: ['notice'],
  warn: ['warn', 'warning'],
  error: ['error', 'err', 'severe'],
  fatal: ['fatal', 'critical', 'crit', 'emergency', 'emerg', 'alert', 'panic'],
}
/** As bunyan and pino write them. */
const NUMBERS: Partial<Record<Level, string>> = {
  trace: '10',
  debug: '20',
  info: '30',
  warn: '40',
  error: '50',
  fatal: '60',
}

const NUMERIC_KEYS = ['level', 'lvl', 'loglevel', 'log_level', 'log.level']
const KEYS = [...NUMERIC_KEYS, 'levelname', 'severity', 'at']

const BY_NAME = new Map(LEVELS.flatMap((level) => NAMES[level].map((name) => [name, level] as const)))
const BY_NUMBER = new Map(LEVELS.map((level) => [NUMBERS[level], level] as const))

/** `word` folded. */
export function levelNamed(word: string): Level | undefined {
  return BY_NAME.get(word)
}

/**
 * A line of this level holds the parts of one of these, in this order and in some case of letters, unless it holds a
 * backslash.
 */
export function tracesOf(level: Level): readonly (readonly string[])[] {
  const number = NUMBERS[level]
  const traces = NAMES[level].map((name) => [name])
  if (number !== undefined) traces.push(['lev', number], ['lvl', number])
  if (level === 'error') traces.push(['exception'], ['traceback'], ['crashed'], ['code'])
  return traces
}

/** Further from the start, a word is about something else. */
const NEAR_START = 100
const CAPITALS =
  /(?<![\w./-])(TRACE|VERBOSE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|ERR|SEVERE|FATAL|CRITICAL|CRIT|EMERG|EMERGENCY|ALERT|PANIC|LOG(?=:))(?![\w./-])/
const BRACKETED =
  /\[(trace|verbose|debug|info|notice|warn|warning|error|err|fatal|critical|crit|emerg|alert|panic)\]/i
const AT_START = /^(?:trace|debug|info|notice|warn|warning|error|fatal|panic)(?=:|!|\s-\s|$)/i
const THROWN =
  /^(?:Uncaught |Unhandled |Caused by: )?(?:[\w$]+(?:\.|::))*\w*(?:Error|Exception)(?:: | \(|$)|^Traceback \(most recent call last\)/

export function deriveLevel(
  source: string,
  message: string,
  fields: Fields,
  code: string | undefined,
): Level | undefined {
  for (const key of fields.size === 0 ? [] : KEYS) {
    for (const value of fields.get(key) ?? []) {
      const level =
        BY_NAME.get(fold(value)) ?? (NUMERIC_KEYS.includes(key) ? BY_NUMBER.get(value) : undefined)
      if (level) return level
    }
  }
  if (code !== undefined) return 'error'
  if (source === 'heroku' && /^State changed from \w+ to crashed/.test(message)) return 'error'
  const start = message.slice(0, NEAR_START)
  const word = CAPITALS.exec(start)?.[1] ?? BRACKETED.exec(start)?.[1] ?? AT_START.exec(start)?.[0]
  if (word !== undefined) return BY_NAME.get(fold(word))
  return THROWN.test(start) ? 'error' : undefined
}
