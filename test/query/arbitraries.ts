// Lines and queries made of the same pieces, so that they meet.
import fc from 'fast-check'
import { MAX_ANALYSED } from '../../src/query/analysed.ts'

const WORDS = [
  'timeout',
  'Error',
  'GET',
  '/cart',
  'a',
  'web',
  'ż',
  'É',
  'ß',
  'ẞ',
  'Σας',
  'σΑΣ',
  'İi',
  'ıI',
  'ſs',
  'K',
  'K',
  'ошибка',
  'ОШИБКА',
  '日本',
  '😀',
  'x%',
  'x_y',
  '\\',
  '"',
  '(',
  ')',
  '*',
  "'",
  '100%',
  'a\\b',
  '\u00a0',
  '\u2400',
  'ﬁ',
  'Ǆ',
  'ǆ',
]
const KEYS = [
  'status',
  'service',
  'bytes',
  'path',
  'dyno',
  'at',
  'code',
  'level',
  'sample#memory_total',
  'user.id',
  'user.name',
  'tags',
  'app',
  'source',
  'process',
  'x',
  'Straße',
  'a.b',
  '0',
  'msg',
  'time',
  'drain',
]
const NUMBERS = [
  '500',
  '404',
  '200',
  '0',
  '-1',
  '1.5',
  '1e3',
  '99999999999999999999',
  '12345678901234567890',
  '50',
  '30',
  '007',
  '.5',
]
const UNITS = ['', '', 'ms', 's', 'm', 'kB', 'MB', 'bytes', 'pages', '%', 'µs']
const LEVELS = ['info', 'warn', 'WARNING', 'error', 'ERROR', 'fatal', 'debug', 'notice']
const CODES = ['H12', 'H80', 'R14', 'L10', 'X1']
const PROCESSES = ['web.1', 'web.2', 'worker.1', 'router', 'api', 'WEB.1', 'a.b.3', 'zażółć.1']
const APPS = ['shop', 'Shop-staging', 'web']

export const apps: ReadonlyMap<number, string> = new Map([
  [1, 'shop'],
  [2, 'Shop-staging'],
])

/** Values that messages write with escapes. */
const ESCAPED = ['say "hi"', 'zoë', 'a\\b', 'ошибка']
const word = fc.constantFrom(...WORDS)
const quantity = fc.tuple(fc.constantFrom(...NUMBERS), fc.constantFrom(...UNITS)).map(([n, u]) => n + u)
const anyValue = fc.oneof(
  quantity,
  word,
  fc.constantFrom(...ESCAPED),
  fc.constantFrom(...LEVELS, ...CODES, ...PROCESSES, ...APPS, '', 'null', 'true'),
  fc.string({ unit: 'grapheme', maxLength: 6 }),
)
const key = fc.constantFrom(...KEYS)

const text = fc
  .array(
    fc.oneof(
      { weight: 5, arbitrary: word },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
    ),
    { maxLength: 6 },
  )
  .map((words) => words.join(' '))
/** Colours around words and in the midst of them. */
const coloured = fc
  .tuple(text, word, fc.nat(4), text)
  .map(([a, b, at, c]) => `${a}${b.slice(0, at)}\x1b[31m${b.slice(at)}\x1b[0m${c}`)
const pair = fc.tuple(key, anyValue, fc.nat(5)).map(([k, v, style]) => {
  if (style === 0) return `${k}="${v.replace(/["\\]/g, '\\$&')}"`
  // Nobody has to escape these, and anybody may.
  if (style === 5) return `${k}="${v.replace(/["\\aeiouy0-9]/g, '\\$&')}"`
  if (style === 1) return `${k} = ${v}`
  if (style === 2) return `(${k}=${v}),`
  return `${k}=${v}`
})
const logfmt = fc
  .array(fc.oneof({ weight: 6, arbitrary: pair }, { weight: 1, arbitrary: word }), {
    minLength: 1,
    maxLength: 6,
  })
  .map((pairs) => pairs.join(' '))
const scalar = fc.oneof(
  anyValue,
  fc.boolean(),
  fc.constant(null),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const object = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, scalar, fc.array(tie('value'), { maxLength: 3 }), tie('object')),
  object: fc.dictionary(fc.oneof(key, fc.constantFrom('user', 'id', 'name', 'a', 'b', 'log')), tie('value'), {
    maxKeys: 4,
    noNullPrototype: true,
  }),
})).object
const json = fc
  .tuple(
    fc.constantFrom('', 'app.INFO: ', '  ', 'x=1 '),
    object,
    fc.constantFrom(null, /[^\0-\x7f]/g, /[^\0-\x7f]|[ks](?=[a-z])/g),
  )
  .map(([prefix, value, escaped]) => {
    const written = JSON.stringify(value)
    return (
      prefix +
      (escaped !== null && !written.includes('\\')
        ? written.replace(escaped, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
        : written
      ).replace(/"(\d{15,})"/g, '$1')
    )
  })
const router = fc
  .tuple(
    fc.constantFrom('info', 'error'),
    fc.constantFrom('', ...CODES),
    fc.constantFrom('/cart', '/a b', '/x_y%'),
    quantity,
    fc.constantFrom(...NUMBERS),
    fc.constantFrom('', 'web.1', 'web.12'),
  )
  .map(
    ([at, code, path, service, status, dyno]) =>
      `at=${at} ${code === '' ? '' : `code=${code} desc="Request timeout" `}method=GET path="${path}" host=a.b fwd="1.2.3.4" dyno=${dyno} connect= service=${service} status=${status} bytes=15225 protocol=https`,
  )
const heroku = fc.constantFrom(
  'State changed from up to crashed',
  'Error R14 (Memory quota exceeded)',
  'Error L10 (output buffer overflow): 30 messages dropped since 2026-01-01.',
  'Process running mem=871M(170.3%)',
  'source=web.1 dyno=heroku.1.abc sample#memory_total=221.47MB sample#memory_pgpgin=149293pages',
)
const plain = fc
  .tuple(
    fc.constantFrom(
      '',
      '[error] ',
      'ERROR ',
      'WARN: ',
      '2026-11-21 10:00:00 INFO ',
      'TypeError: ',
      'Traceback (most recent call last):',
      'E, [2026] ERROR -- : ',
    ),
    text,
  )
  .map(([a, b]) => a + b)

/** What is beyond the part that is analysed is text, no field. */
const long = fc
  .tuple(logfmt, fc.integer({ min: MAX_ANALYSED - 40, max: MAX_ANALYSED }), fc.oneof(pair, word))
  .map(([start, filler, end]) => `${start} ${'x'.repeat(filler)} ${end}`)

const short = fc.oneof(
  text,
  coloured,
  logfmt,
  json,
  router,
  heroku,
  plain,
  fc.constant(''),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

export const message = fc.oneof({ weight: 60, arbitrary: short }, { weight: 1, arbitrary: long })

export const line = fc.record({
  message,
  source: fc.constantFrom('app', 'heroku', 'heroku', 'APP', '-', 'ż'),
  process: fc.constantFrom(...PROCESSES, '-'),
  priority: fc.constantFrom(0, 45, 134, 158, 190, 191),
  drainId: fc.constantFrom(1, 2, 3),
  at: fc
    .integer({ min: 0, max: 7_200_000_000 })
    .map((micros) =>
      new Date(Date.UTC(2026, 10, 21, 9) + Math.floor(micros / 1000))
        .toISOString()
        .replace('Z', `${String(micros % 1000).padStart(3, '0')}Z`),
    ),
})

const bare = fc.oneof(
  word,
  fc.constantFrom(...PROCESSES, ...LEVELS, ...CODES, 'status=500', 'desc="Request timeout"', '->', '/api/'),
  fc.string({ unit: 'grapheme', maxLength: 5 }),
)
/** What is rarely met by chance. */
const aimed = fc.constantFrom(
  ...[
    'process:web',
    'process:w*b',
    'process:*b*',
    'process:zażółć',
    'dyno:web',
    'dyno:WEB.1',
    'app:SHOP',
    'app:shop*',
  ],
  ...[
    'source:app',
    'source:*',
    'source:Ż',
    'drain:1',
    'priority:190',
    'priority:>=134',
    'code:h12',
    'code:R*',
    'code:*',
  ],
  ...[
    'level:error',
    'level:>=warn',
    'level:<info',
    'status:>=500',
    'service:>1s',
    'message.source:*',
    'path:"/a b"',
  ],
  ...['tags:*t*', '31m', '"[0m"', 'meo', 'timeout', 'ERR*R', '"timeout GET"'],
)
const escapedTerm = fc
  .tuple(fc.constantFrom('x', 'msg', 'tags', 'user.name'), fc.constantFrom(...ESCAPED), fc.boolean())
  .map(([k, v, isStarred]) => `${k}:${isStarred ? `*${v.slice(-2)}` : `"${v.replace(/["\\]/g, '\\$&')}"`}`)
const quoted = fc
  .oneof(bare, text, fc.constantFrom('Request timeout', '=', ' '))
  .map((t) => `"${t.replace(/["\\]/g, '\\$&')}"`)
const starred = fc
  .array(fc.oneof(bare, fc.constant('')), { minLength: 2, maxLength: 3 })
  .map((parts) => parts.join('*'))
const regex = fc
  .tuple(
    fc.constantFrom(
      't.*out',
      '\\d{3}',
      '^GET',
      '[a-z]+=\\d+',
      '(a+)+$',
      'ß|é',
      '\\/cart',
      '\\bK\\b',
      'web\\.\\d',
      '(',
      '.',
      '\\w+ \\w+',
      'σ+',
    ),
    fc.constantFrom('', 'i'),
  )
  .map(([r, flag]) => `/${r}/${flag}`)
const operator = fc.constantFrom('>', '>=', '<', '<=', '=')
const time = fc.constantFrom(
  '2026-11-21',
  '2026-11-21T10',
  '2026-11-21T10:15',
  '2026-11-21T09:59:59.5Z',
  '2026-11-21T11:30+01:00',
  '2026-11-20',
  '2026-11-21T10:00:00.000001',
)
const name = fc.oneof(
  key,
  fc.constantFrom(
    'source',
    'process',
    'dyno',
    'level',
    'priority',
    'drain',
    'app',
    'code',
    'STATUS',
    'message.source',
    'tags.0',
    'user',
    'message',
    'log.level',
    'desc',
  ),
)
const fieldTerm = fc.oneof(
  fc
    .tuple(
      name,
      fc.oneof(
        anyValue,
        bare,
        quoted,
        starred,
        regex,
        fc.constant('*'),
        fc.constantFrom('app', 'heroku', '1', '190', '12'),
      ),
    )
    .map(([n, v]) => `${n}:${v}`),
  fc
    .tuple(name, operator, fc.oneof(quantity, fc.constantFrom(...LEVELS)))
    .map((parts) => `${parts[0]}:${parts[1]}${parts[2]}`),
  fc.tuple(fc.oneof(operator, fc.constant('')), time).map(([o, t]) => `time:${o}${t}`),
  fc.tuple(fc.oneof(operator, fc.constant('')), fc.constantFrom(...LEVELS)).map(([o, l]) => `level:${o}${l}`),
)
const term = fc.oneof(
  { weight: 3, arbitrary: bare },
  { weight: 2, arbitrary: quoted },
  { weight: 3, arbitrary: aimed },
  { weight: 2, arbitrary: escapedTerm },
  starred,
  regex,
  {
    weight: 6,
    arbitrary: fieldTerm,
  },
)

/** Texts that mostly follow the grammar. */
export const queryText = fc.letrec<{ any: string; one: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    { weight: 3, arbitrary: tie('one') },
    fc.tuple(tie('any'), fc.constantFrom(' ', ' OR ', ' AND '), tie('any')).map((parts) => parts.join('')),
  ),
  one: fc.oneof(
    { maxDepth: 3 },
    { weight: 4, arbitrary: term },
    tie('one').map((q) => `-${q}`),
    tie('one').map((q) => `NOT ${q}`),
    tie('any').map((q) => `(${q})`),
  ),
})).any

/** Anything that a keyboard, a paste or an attacker may send, rich in what the grammar knows. */
export const noise = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.string({ maxLength: 60 }),
  fc
    .array(
      fc.oneof(
        fc.constantFrom(
          '(',
          ')',
          '"',
          '\\',
          '-',
          '/',
          '*',
          ':',
          ' ',
          'OR',
          ' OR ',
          'AND',
          'NOT ',
          'a',
          'a:',
          '>',
          '>=',
          '=',
          '/i',
          '//',
          '[',
          '{',
          '+',
          '?',
          'level:',
          'time:',
          '5',
          '\0',
          '\ud800',
          '\u3000',
        ),
        term,
      ),
      { maxLength: 24 },
    )
    .map((parts) => parts.join('')),
)
