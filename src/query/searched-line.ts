// A line as the query language sees it: its texts, folded once, and its fields, read when first asked for. Make one per
// line and ask it as many queries as there are. Pure.
import type { LogLine } from '../logplex/framed-line.ts'
import { fold } from './fold.ts'
import { codeInText, isHerokuCode } from './heroku-code.ts'
import { deriveLevel, type Level } from './level.ts'
import type { Apps, SearchedLine } from './line-view.ts'
import { type Fields, readFields } from './message-fields.ts'
import { readMicros } from './time-span.ts'

/** What a query asks of a line. */
export type AskedLine = Pick<LogLine, 'sentAt' | 'drainId' | 'priority' | 'source' | 'process' | 'message'>

/** Terminal colours and the like (ECMA-48 CSI), which people do not see and so do not search. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is control sequences that are meant
const ANSI = /\x1b\[[0-?]*[ -/]*[@-~]/g

export function withoutColours(text: string): string {
  return text.includes('\x1b') ? text.replace(ANSI, '') : text
}

const NOTHING: readonly string[] = []

export function searched(line: AskedLine, apps: Apps = new Map()): SearchedLine {
  const message = withoutColours(line.message)
  const source = line.source ?? ''
  const process = line.process ?? ''
  let foldedTexts: [string, string, string] | undefined
  let fields: Fields | undefined
  let level: Level | undefined | null = null

  const key = (name: string): readonly string[] => {
    fields ??= readFields(message)
    return fields.get(name) ?? NOTHING
  }
  const self: SearchedLine = {
    source,
    process,
    priority: line.priority,
    drainId: line.drainId,
    sentAt: line.sentAt,
    get app() {
      return apps.get(line.drainId)
    },
    get codes() {
      const told = codeInText(source, message)
      return told === undefined ? key('code') : [told, ...key('code')]
    },
    key,
    texts: [message, process, source],
    get foldedTexts() {
      foldedTexts ??= [fold(message), fold(process), fold(source)]
      return foldedTexts
    },
    get sentAtMicros() {
      return readMicros(line.sentAt)
    },
    get level() {
      if (level === null) {
        const code = source === 'heroku' ? self.codes.find(isHerokuCode) : undefined
        key('')
        level = deriveLevel(source, message, fields as Fields, code)
      }
      return level
    },
  }
  return self
}
