// Texts that make a careless reader slow: runs of what it looks for, openings without an end, nesting.
import type { Family } from './growth.ts'

/** The pattern over and over, between `head` and `tail`. */
export function repeated(unit: string, head = '', tail = ''): Family {
  return (length) => head + unit.repeat(Math.max(1, Math.floor(length / unit.length))) + tail
}

/** `open` and `close` around each other, as deep as fits. */
export function nested(open: string, close: string, inside = '1'): Family {
  return (length) => {
    const depth = Math.max(1, Math.floor(length / (open.length + close.length)))
    return open.repeat(depth) + inside + close.repeat(depth)
  }
}

const UNITS = [
  ...'a0 "\'\\()[]{}<>=:;,.-/%*\n\u001b\u0000é',
  '😀',
  '\\"',
  '="',
  'a=',
  'a="',
  ' a="\\',
  " a='",
  ' a=b',
  ' a = ',
  'a:',
  'a.',
  '.a',
  '0.',
  '1 ',
  'a ',
  '{"',
  '[1,',
  '{"a":',
  '"a",',
  '\u001b[',
  '\u001b[1;',
  '\u001b[0 ',
  '<1>',
  '1 <',
  '%{',
  '%a',
  '&a=',
  '://',
  ' messages',
  '1m',
  'Error ',
  'État ',
  '-a',
  '- ',
  'NOT ',
  'a OR ',
  'a*',
  '%41',
  'ab',
]

/** For whatever reads a text. */
export const ANY_TEXT: Record<string, Family> = {
  ...Object.fromEntries(UNITS.map((unit) => [JSON.stringify(unit), repeated(unit)])),
  'an object that is never closed': repeated('\\"', '{"', '}'),
  'a value that is never closed': repeated('x', 'a="'),
  'a closed bracket without an open one': repeated(')', 'a='),
  'a deep array': nested('[', ']'),
  'a deep object': nested('{"a":', '}'),
  'deep parentheses': nested('(', ')', 'a'),
  'a long key over many values': (length) => `{"${'k'.repeat(length / 2)}":[${'1,'.repeat(length / 4)}1]}`,
  'many keys': (length) => `{${Array.from({ length: length / 12 }, (_, at) => `"k${at}":${at}`).join(',')}}`,
  'many fields': (length) => Array.from({ length: length / 12 }, (_, at) => `k${at}=v${at}`).join(' '),
  'one field over and over': (length) => Array.from({ length: length / 9 }, (_, at) => `k=${at}`).join(' '),
  'ids over and over': repeated('01234567-89ab-cdef-0123-456789abcdef '),
  'two letters by chance': (length) => byChance(length, 'ab'),
}

/** The same in each run. */
function byChance(length: number, letters: string): string {
  let state = 1
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return letters[(state >> 16) % letters.length]
  }).join('')
}
