// A query -> a condition that a store can check by itself, so that it need not hand over lines that cannot match. What it
// does hand over is asked again by `matches`, which alone decides: the condition may let too much through, and never too
// little. Pure.
//
// Each concept gives two conditions. `may` is true for every line that matches, and others; `must` only for lines that
// match, but not for all. What a line must is what its negation may not: so a `-` swaps the two, and a field, of which
// a store cannot say for certain that it is so, may be anything once it is excluded.
import { levelsThat, timeBounds } from './comparison.ts'
import { ALWAYS, all, any, type Condition, NEVER, not, type Parts, type Text } from './condition.ts'
import type { Field } from './field.ts'
import { fold } from './fold.ts'
import { tracesOf } from './level.ts'
import type { Query } from './query.ts'
import { type Apps, IN_MESSAGE } from './searched-line.ts'
import { isWhole, type Pattern } from './wildcard.ts'

/** True for every line that matches; `always` where any line may. */
export function mayMatch(query: Query, apps: Apps): Condition {
  return compile(query, apps).may
}

/** The times between which every match lies, in microseconds: `from` inclusive, `to` exclusive. */
export function timeRange(query: Query): { from: number; to: number } {
  const parts = query.kind === 'and' ? query.queries : [query]
  let [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  for (const part of parts) {
    if (part.kind !== 'field' || part.folded !== 'time' || part.test.kind !== 'comparison') continue
    const bounds = timeBounds(part.test)
    from = Math.max(from, bounds.from)
    to = Math.min(to, bounds.to)
  }
  return { from, to }
}

interface Bounds {
  may: Condition
  must: Condition
}

const MAX_INTEGER = 2 ** 31 - 1
const UNKNOWN: Bounds = { may: ALWAYS, must: NEVER }
const COLOURED: Condition = { kind: 'has', character: '\x1b' }
/** What is read from the message may not be what stands there. */

function compile(query: Query, apps: Apps): Bounds {
  switch (query.kind) {
    case 'everything':
      return exact(ALWAYS)
    case 'word':
    case 'phrase':
      return inTexts([query.folded])
    case 'wildcard':
      return inTexts(query.parts)
    case 'regex':
      return UNKNOWN
    case 'field':
      return ofField(query, apps)
    case 'not': {
      const { may, must } = compile(query.query, apps)
      return { may: not(must), must: not(may) }
    }
    case 'and':
    case 'or': {
      const each = query.queries.map((one) => compile(one, apps))
      const join = query.kind === 'and' ? all : any
      return { may: join(...each.map(({ may }) => may)), must: join(...each.map(({ must }) => must)) }
    }
  }
}

/** A text that people search, in the three places where it may be. */
function inTexts(parts: Parts): Bounds {
  const message = holds('message', parts)
  const others = any(holds('process', parts), holds('source', parts))
  return { may: uncoloured(any(message, others)), must: any(all(message, not(COLOURED)), others) }
}

function ofField({ folded: name, test }: Field, apps: Apps): Bounds {
  if (name === 'level') return ofLevel(test)
  if (name === 'time') {
    return test.kind === 'comparison' ? exact({ kind: 'sent', ...timeBounds(test) }) : UNKNOWN
  }
  const equal = test.kind === 'value' ? { text: test.text, parts: [test.folded] } : undefined
  const asked = test.kind === 'pattern' ? test : equal
  switch (name) {
    case 'source':
      return asked ? exact(inColumn('source', asked.parts)) : UNKNOWN
    case 'process':
      return asked ? inProcess(asked) : UNKNOWN
    case 'priority':
      return equal ? ofNumber('priority', equal.text) : UNKNOWN
    case 'drain':
      return equal ? ofNumber('drain_id', equal.text) : UNKNOWN
    case 'code':
      return { may: inMessage('', asked), must: NEVER }
    case 'dyno':
      return { may: asked ? any(inProcess(asked).may, inMessage(name, asked)) : ALWAYS, must: NEVER }
    case 'app': {
      if (!asked) return UNKNOWN
      const numbers = [...apps].filter(([, app]) => isWhole(asked, fold(app))).map(([id]) => id)
      const mine: Condition = numbers.length === 0 ? NEVER : { kind: 'one_of', column: 'drain_id', numbers }
      return { may: any(mine, inMessage(name, asked)), must: mine }
    }
    default: {
      const key = name.startsWith(IN_MESSAGE) ? name.slice(IN_MESSAGE.length) : name
      return { may: inMessage(key, asked), must: NEVER }
    }
  }
}

function ofLevel(test: Field['test']): Bounds {
  if (test.kind !== 'comparison') return UNKNOWN
  const traces = levelsThat(test).flatMap(tracesOf)
  if (traces.length === 0) return exact(NEVER)
  const of = traces.map((parts) => ['', ...parts, ''])
  return {
    may: any(uncoloured({ kind: 'like_any', text: 'message', of }), escaped(traces.flat())),
    must: NEVER,
  }
}

/** The key's longest segment and the value stand in the message, unless it is written with escapes. */
function inMessage(name: string, asked: Pattern | undefined): Condition {
  const segments = name.split('.').filter((segment) => !/^\d*$/.test(segment))
  const longest = segments.sort((a, b) => b.length - a.length)[0] ?? ''
  const both = all(
    longest === '' ? ALWAYS : holds('message', [longest]),
    holds('message', asked?.parts ?? []),
  )
  return any(uncoloured(both), escaped([longest, ...(asked?.parts ?? [])]))
}

/**
 * The message may hold these otherwise than as they stand. In usual escapes only where they have what those are for: a
 * stack trace in JSON is full of `\n`, and an id in it is written as it is.
 */
function escaped(texts: readonly string[]): Condition {
  const isUsual = texts.some((text) => /["\\/\n\r\t]/.test(text))
  return isUsual ? { kind: 'has', character: '\\' } : { kind: 'odd_escape' }
}

function inColumn(text: Text, parts: Parts): Condition {
  return all({ kind: 'not_empty', text }, { kind: 'like', text, parts })
}

/** web.1 is found as web, too. */
function inProcess({ parts }: Pattern): Bounds {
  const must = inColumn('process', parts)
  const ofType = [...parts.slice(0, -1), `${parts.at(-1)}.`, '']
  return { may: any(must, { kind: 'like', text: 'process', parts: ofType }), must }
}

function ofNumber(column: 'priority' | 'drain_id', text: string): Bounds {
  const fits = /^(?:0|[1-9]\d{0,9})$/.test(text) && Number(text) <= MAX_INTEGER
  return exact(fits ? { kind: 'one_of', column, numbers: [Number(text)] } : NEVER)
}

/** The parts are somewhere in the text, one behind the other. */
function holds(text: Text, parts: Parts): Condition {
  return parts.every((part) => part === '') ? ALWAYS : { kind: 'like', text, parts: ['', ...parts, ''] }
}

/** Colours come off messages before anything is looked for. */
function uncoloured(condition: Condition): Condition {
  return condition.kind === 'always' ? condition : { kind: 'uncoloured', of: condition }
}

function exact(condition: Condition): Bounds {
  return { may: condition, must: condition }
}
