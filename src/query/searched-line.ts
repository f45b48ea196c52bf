// A line as the query language sees it: its texts, folded once, and its fields, read when first asked for. Make one per
// line and ask it as many queries as there are. Pure.
import type { LogLine } from '../logplex/framed-line.ts'
import { fold } from './fold.ts'
import { codeInText, isHerokuCode } from './heroku-code.ts'
import { deriveLevel, type Level } from './level.ts'
import { type Fields, readFields } from './message-fields.ts'
import { readMicros } from './time-span.ts'

/** What a query asks of a line. */
export type AskedLine = Pick<LogLine, 'sentAt' | 'drainId' | 'priority' | 'source' | 'process' | 'message'>

/** The names of the attached apps by drain id. */
export type Apps = ReadonlyMap<number, string>

export interface SearchedLine {
  /** What words and expressions look at: message without colours, process, source. */
  readonly texts: readonly [string, string, string]
  readonly foldedTexts: readonly [string, string, string]
  readonly sentAtMicros: number
  readonly level: Level | undefined
  /** All that a field is on this line; `name` is folded. */
  values(name: string): readonly string[]
}

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
  const codes = (): readonly string[] => {
    const told = codeInText(source, message)
    return told === undefined ? key('code') : [told, ...key('code')]
  }

  const self: SearchedLine = {
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
        const code = source === 'heroku' ? codes().find(isHerokuCode) : undefined
        key('')
        level = deriveLevel(source, message, fields as Fields, code)
      }
      return level
    },
    values(name) {
      switch (name) {
        case 'source':
          return present(source)
        case 'process':
          return withType(present(process))
        case 'priority':
          return line.priority === null ? NOTHING : [String(line.priority)]
        case 'drain':
          return [String(line.drainId)]
        case 'app': {
          const app = apps.get(line.drainId)
          return app === undefined ? key('app') : [app, ...key('app')]
        }
        case 'dyno':
          return withType([...present(DYNO.test(process) ? process : ''), ...key('dyno')])
        case 'level':
          return present(self.level ?? '')
        case 'time':
          return [line.sentAt]
        case 'code':
          return codes()
        default: {
          if (!name.startsWith(IN_MESSAGE)) return key(name)
          return [...key(name), ...key(name.slice(IN_MESSAGE.length))]
        }
      }
    },
  }
  return self
}

/** Before the name of a key that the line itself has too: message.source is what source= in the message says. */
export const IN_MESSAGE = 'message.'

/** A type and a number: web.1, run.1234 */
const DYNO = /^(.+)\.\d+$/s

function present(value: string): readonly string[] {
  return value === '' ? NOTHING : [value]
}

/** web.1 is found as web, too. */
function withType(processes: readonly string[]): readonly string[] {
  const types = processes.map((process) => DYNO.exec(process)?.[1]).filter((type) => type !== undefined)
  return types.length === 0 ? processes : [...processes, ...types]
}
