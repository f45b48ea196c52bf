// The fields that every line has, one entry each. Matching, the store's prefilter, highlighting, the terms that the page
// offers and docs/search.md are made of this table: a new field is one entry here and its row in the docs. Pure.
import {
  type Bounds,
  escaped,
  exact,
  inColumn,
  inMessage,
  inProcess,
  ofNumber,
  UNKNOWN,
  uncoloured,
} from './bounds.ts'
import { levelsThat, timeBounds } from './comparison.ts'
import { any, type Condition, NEVER } from './condition.ts'
import { fold } from './fold.ts'
import { tracesOf } from './level.ts'
import type { Apps, LineView } from './line-view.ts'
import type { ValueTest } from './value-test.ts'
import { isWhole, type Pattern } from './wildcard.ts'

/** What is asked of a field: a value or a pattern, as parts of a text; undefined if a store cannot check it. */
interface Asked {
  test: ValueTest
  pattern: Pattern | undefined
  /** The value as written, if one value is asked for. */
  text: string | undefined
  apps: Apps
}

export interface LineField {
  name: string
  /** A term with it, and what that finds: for the docs. */
  example: string
  finds: string
  values(line: LineView): readonly string[]
  bounds(asked: Asked): Bounds
  /** A hit is marked in the text of the message. The other fields have columns or colours of their own. */
  isMarkedInText?: true
}

/** `message.source` is the key `source` of the message, not the field of the line. */
const IN_MESSAGE = 'message.'
/** A process type and a number: web.1, run.1234 */
const DYNO = /^(.+)\.\d+$/s
const NOTHING: readonly string[] = []

export const LINE_FIELDS: readonly LineField[] = [
  {
    name: 'source',
    example: 'source:heroku',
    finds: 'what the platform says, not the app',
    values: ({ source }) => present(source),
    bounds: ({ pattern }) => (pattern ? exact(inColumn('source', pattern.parts)) : UNKNOWN),
  },
  {
    name: 'process',
    example: 'process:router',
    finds: "the lines of Heroku's router",
    values: ({ process }) => withType(present(process)),
    bounds: ({ pattern }) => (pattern ? inProcess(pattern) : UNKNOWN),
  },
  {
    name: 'dyno',
    example: 'dyno:web',
    finds: 'the lines of all web dynos, and the router lines of requests to them',
    values: ({ process, key }) => withType([...present(DYNO.test(process) ? process : ''), ...key('dyno')]),
    bounds: ({ pattern }) => mayBe(pattern && any(inProcess(pattern).may, inMessage('dyno', pattern))),
  },
  {
    name: 'level',
    example: 'level:>=warn',
    finds: 'warnings, errors and what is worse',
    values: ({ level }) => present(level ?? ''),
    bounds: ({ test }) => levelBounds(test),
  },
  {
    name: 'priority',
    example: 'priority:190',
    finds: 'lines with this syslog priority',
    values: ({ priority }) => (priority === null ? NOTHING : [String(priority)]),
    bounds: ({ text }) => (text === undefined ? UNKNOWN : ofNumber('priority', text)),
  },
  {
    name: 'drain',
    example: 'drain:3',
    finds: 'the lines that came by this drain',
    values: ({ drainId }) => [String(drainId)],
    bounds: ({ text }) => (text === undefined ? UNKNOWN : ofNumber('drain_id', text)),
  },
  {
    name: 'app',
    example: 'app:shop',
    finds: 'the lines of this attached app',
    values: ({ app, key }) => (app === undefined ? key('app') : [app, ...key('app')]),
    bounds({ pattern, apps }) {
      if (!pattern) return UNKNOWN
      const numbers = [...apps].filter(([, app]) => isWhole(pattern, fold(app))).map(([id]) => id)
      const mine: Condition = numbers.length === 0 ? NEVER : { kind: 'one_of', column: 'drain_id', numbers }
      return { may: any(mine, inMessage('app', pattern)), must: mine }
    },
  },
  {
    name: 'time',
    example: 'time:>=2026-11-21T10:15',
    finds: 'lines from that minute on; UTC unless it says `+01:00`',
    values: ({ sentAt }) => [sentAt],
    bounds: ({ test }) =>
      test.kind === 'comparison' ? exact({ kind: 'sent', ...timeBounds(test) }) : UNKNOWN,
  },
  {
    name: 'code',
    example: 'code:H12',
    finds: "lines with this code of Heroku's: H of the router, R of dynos, L of Logplex",
    values: ({ codes }) => codes,
    bounds: ({ pattern }) => mayBe(inMessage('', pattern)),
    isMarkedInText: true,
  },
]

const BY_NAME: ReadonlyMap<string, LineField> = new Map(LINE_FIELDS.map((field) => [field.name, field]))

/** @param name folded */
export function lineField(name: string): LineField | undefined {
  return BY_NAME.get(name)
}

/** All values of a field of the line, or of a key of its message. @param name folded */
export function fieldValues(name: string, line: LineView): readonly string[] {
  const field = BY_NAME.get(name)
  if (field) return field.values(line)
  return name.startsWith(IN_MESSAGE) ? [...line.key(name), ...line.key(keyOf(name))] : line.key(name)
}

/** What a store can check of a field term. @param name folded */
export function fieldBounds(name: string, test: ValueTest, apps: Apps): Bounds {
  const text = test.kind === 'value' ? test.text : undefined
  const pattern =
    test.kind === 'pattern'
      ? test
      : test.kind === 'value'
        ? { text: test.text, parts: [test.folded] }
        : undefined
  const field = BY_NAME.get(name)
  return field ? field.bounds({ test, pattern, text, apps }) : mayBe(inMessage(keyOf(name), pattern))
}

/** How a query names a key of the message, which may have the name of a field of the line. */
export function nameOfKey(key: string): string {
  return BY_NAME.has(key.toLowerCase()) ? IN_MESSAGE + key : key
}

function keyOf(name: string): string {
  return name.startsWith(IN_MESSAGE) ? name.slice(IN_MESSAGE.length) : name
}

function levelBounds(test: ValueTest): Bounds {
  if (test.kind !== 'comparison') return UNKNOWN
  const traces = levelsThat(test).flatMap(tracesOf)
  if (traces.length === 0) return exact(NEVER)
  const of = traces.map((parts) => ['', ...parts, ''])
  return mayBe(any(uncoloured({ kind: 'like_any', text: 'message', of }), escaped(traces.flat())))
}

function mayBe(may: Condition | undefined): Bounds {
  return may ? { may, must: NEVER } : UNKNOWN
}

function present(value: string): readonly string[] {
  return value === '' ? NOTHING : [value]
}

/** A dyno is found by its process type too: web.1 as web. */
function withType(processes: readonly string[]): readonly string[] {
  const types = processes.map((process) => DYNO.exec(process)?.[1]).filter((type) => type !== undefined)
  return types.length === 0 ? processes : [...processes, ...types]
}
