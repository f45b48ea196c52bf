// Every function that reads what a stranger wrote, with how it is given a hostile text. growth.test.ts finds the modules
// in which such functions can be, and fails where one is neither here nor excused.

import { areUrls } from '../../packages/addon-contract/src/config-vars.ts'
import { cookiesOf } from '../../packages/addon-contract/src/cookies.ts'
import { describeExchange } from '../../packages/addon-contract/src/describe.ts'
import { type Exchange, headerValues, jsonObject } from '../../packages/addon-contract/src/exchange.ts'
import { checkSameOrigin } from '../../src/access/same-origin.ts'
import { writeMessage, writeWebhook } from '../../src/alerts/message.ts'
import { FieldCounts } from '../../src/api/field-counts.ts'
import { lineToJson, readSearch } from '../../src/api/line.ts'
import { lineToText } from '../../src/api/live/tail-form.ts'
import { OverviewSums } from '../../src/api/overview/overview.ts'
import { routeOfPath } from '../../src/api/overview/route-of-path.ts'
import { printLine } from '../../src/cli/logs-print.ts'
import { frameKey } from '../../src/drain/frame-key.ts'
import { findLosses } from '../../src/drain/losses.ts'
import { encode } from '../../src/endpoints/api/answers.ts'
import { bounded, oneOf, readFields as readBodyFields } from '../../src/endpoints/api/fields.ts'
import { FastlyError } from '../../src/endpoints/fastly-error.ts'
import { compileFormat, MAX_FORMAT_CHARACTERS } from '../../src/endpoints/format/compile.ts'
import { readVersion1 } from '../../src/endpoints/format/version-1.ts'
import { readVersion2 } from '../../src/endpoints/format/version-2.ts'
import { type LineFacts, lineFacts } from '../../src/endpoints/line-facts.ts'
import { Refusal } from '../../src/endpoints/refusal.ts'
import { renderFrame } from '../../src/endpoints/sender/frames.ts'
import { judge } from '../../src/endpoints/sender/post.ts'
import { compileCondition } from '../../src/endpoints/vcl/condition.ts'
import { findName, requestHeader, responseHeader } from '../../src/endpoints/vcl/names.ts'
import { parseExpression } from '../../src/endpoints/vcl/parse.ts'
import { compileRegex } from '../../src/endpoints/vcl/regex.ts'
import { compileStrftime } from '../../src/endpoints/vcl/strftime.ts'
import { readTokens as readVclTokens } from '../../src/endpoints/vcl/tokens.ts'
import { errorText, messageOf, placesOf, withoutCredentials } from '../../src/error-text.ts'
import { AppError } from '../../src/errors.ts'
import { failureOf } from '../../src/heroku/call.ts'
import { readAddress } from '../../src/heroku/log-input/addresses.ts'
import { drainTokens, isDrainToken } from '../../src/logplex/drain-token.ts'
import { writeFrame } from '../../src/logplex/frame-form.ts'
import { parseFrames } from '../../src/logplex/frame-parser.ts'
import type { LogLine } from '../../src/logplex/framed-line.ts'
import { cutText, encodeInputFrame } from '../../src/logplex/input-frame.ts'
import { splitCredentials } from '../../src/logplex/post-frames.ts'
import { endOfStructuredData } from '../../src/logplex/structured-data.ts'
import { readTimestamp } from '../../src/logplex/timestamp.ts'
import { readSnapshot } from '../../src/logs/ledger/snapshot.ts'
import { parseCursor } from '../../src/logs/place.ts'
import { postgresDialect } from '../../src/logs/postgres/query/dialect.ts'
import { shownText, textPieces } from '../../src/logs/shown-text.ts'
import { clientOf } from '../../src/operations/rate-limit.ts'
import { requestId } from '../../src/operations/request-id.ts'
import { OutboundError } from '../../src/outbound/outbound-error.ts'
import { isPublicAddress } from '../../src/outbound/public-address.ts'
import { readTargetUrl } from '../../src/outbound/target-url.ts'
import { needlesOf, rangesIn } from '../../src/page/client/highlight.ts'
import { readMoment } from '../../src/page/client/moment.ts'
import { fieldsOf, indentedJson } from '../../src/page/client/pretty.ts'
import { expression, RE2JS } from '../../src/page/client/re2-in-the-browser.ts'
import { Trends } from '../../src/page/client/trends.ts'
import { readState } from '../../src/page/client/view-state.ts'
import { firstPaint } from '../../src/page/first-paint.ts'
import { html } from '../../src/page/html.ts'
import { readAnsi } from '../../src/page/reading/ansi.ts'
import { hueOf } from '../../src/page/reading/hue.ts'
import { type Line, plainText, withoutControls } from '../../src/page/reading/line.ts'
import { partsOfLine } from '../../src/page/reading/parts.ts'
import { platformEvent } from '../../src/page/reading/platform-event.ts'
import { readRouterLine } from '../../src/page/reading/router-line.ts'
import { originOf, rowLook } from '../../src/page/reading/row.ts'
import { lineTerm, messageTerm, partsOf, refine, textTerm, without } from '../../src/page/reading/term.ts'
import { verifySso } from '../../src/partner/sso-token.ts'
import { isSigned } from '../../src/partner/webhook.ts'
import { analysed } from '../../src/query/analysed.ts'
import { compares, matchesOrdered, readOperator, whyNotComparable } from '../../src/query/comparison.ts'
import { conditionSql, likePattern } from '../../src/query/condition-sql.ts'
import { matchesField, readName, readValue } from '../../src/query/field.ts'
import { findText } from '../../src/query/find-text.ts'
import { fold, isAscii } from '../../src/query/fold.ts'
import { codeInText, isHerokuCode } from '../../src/query/heroku-code.ts'
import { deriveLevel } from '../../src/query/level.ts'
import { fieldBounds, fieldValues } from '../../src/query/line-fields.ts'
import { readFields } from '../../src/query/message-fields.ts'
import { parse } from '../../src/query/parse.ts'
import { Quotes, quote } from '../../src/query/phrase.ts'
import { mayMatch } from '../../src/query/prefilter.ts'
import { readQuantity } from '../../src/query/quantity.ts'
import { matches, print } from '../../src/query/query.ts'
import { Expressions, MAX_WORK } from '../../src/query/re2.ts'
import { matchesAny, readSlashed, whyNot } from '../../src/query/regex.ts'
import { searched, withoutColours } from '../../src/query/searched-line.ts'
import { readTimeSpan } from '../../src/query/time-span.ts'
import { readTokens } from '../../src/query/tokens.ts'
import { isWhole, isWildcard, pattern } from '../../src/query/wildcard.ts'
import { isWord } from '../../src/query/word.ts'
import { ANY_TEXT, repeated } from './families.ts'
import type { Family } from './growth.ts'

/** Refusing is an answer, too. */
export function attempt(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    const isRefusal = [AppError, Refusal, FastlyError, OutboundError, URIError].some(
      (kind) => error instanceof kind,
    )
    const isAddress =
      error instanceof TypeError && (error as NodeJS.ErrnoException).code === 'ERR_INVALID_URL'
    if (!isRefusal && !isAddress) throw error
  }
}

export interface Reader {
  run(text: string): unknown
  /** Texts that come here have been cut to so many characters, or refused. */
  longest?: number
  /** Beside those for any text. */
  families?: Record<string, Family>
  /** Instead of those for any text, where each takes its time. */
  only?: Record<string, Family>
}

/** Node takes no more of all headers together. */
const HEADERS = 16_384
const QUERY = 2_000
/** Of a name, an address, a time: checked where it comes in. */
const SHORT = 2_000

const AT = '2026-11-21T10:00:05.250000Z'

function asked(message: string, fields: Partial<LogLine> = {}): LogLine {
  return {
    cursor: '1-1',
    sentAt: AT,
    receivedAt: AT,
    drainId: 1,
    priority: 190,
    source: 'app',
    process: 'web.1',
    message,
    frame: Buffer.from(message),
    ...fields,
  }
}

function shown(message: string, fields: Partial<Line> = {}): Line {
  return {
    cursor: '1-1',
    sent_at: AT,
    received_at: AT,
    drain_id: 1,
    app: null,
    priority: 190,
    level: null,
    code: null,
    source: 'app',
    process: 'web.1',
    message,
    ...fields,
  }
}

/** Of Heroku's router, with every field as long as it may be. */
function routed(text: string): LogLine {
  const message = `at=info method=GET path="${text}" host=${text} fwd="${text}" status=200 service=${text}`
  return asked(message, { source: 'heroku', process: 'router' })
}

const facts = (line: LogLine): LineFacts => lineFacts(line, 'service', new Map())
const of = (text: string) => [facts(asked(text)), facts(routed(text))]

const QUERIES = [
  'a',
  `"${'a'.repeat(240)}b${'a'.repeat(240)}"`,
  `"${'ab'.repeat(120)}c${'ab'.repeat(120)}"`,
  'a*b*a*b*c',
  'a:b',
  'a:>1',
  'a:*b*c',
  'a:/b.*c/',
  'level:>=error',
  'code:H12',
  'process:web*',
  '-(a OR b) c',
  'é',
].map((text) => parse(text).query)
const reading = (source: string) => ({
  source,
  quotes: new Quotes(source),
  together: new Expressions(),
  bare: () => source.length,
})
const EXPRESSIONS = ['/a.*b.*c$/', '/[ab]{0,100}a[ab]{100}/', '/(a|aa)+$/', '/(?i)[a-z]*\\d[a-z]*é/']

const FOR_EXPRESSIONS: Record<string, Family> = {
  'one letter': repeated('a'),
  'two letters by chance': ANY_TEXT['two letters by chance'] as Family,
  'closing brackets': repeated(')', 'a='),
  'escaped quotes': repeated('\\"', '{"', '":1}'),
}

const HOSTILE_FIELDS: Record<string, Family> = {
  'an escaped quote without an end': repeated('\\"', '{"'),
  'escaped quotes in an object': repeated('\\"', '{"', '":1}'),
  'an object of escapes that ends in one': repeated('\\"', '{"', '\\}'),
  'a value of closing brackets': repeated(')', 'a='),
  'a value of every bracket': repeated(')]}', 'a='),
  'digits and points': repeated('1.e+-', '{"a":', '}'),
  'many objects': repeated('{"a":1}', '', ''),
  'an object after many openings': repeated('{ ', '', '"a":1}'),
  'a deep object with a long key': (length) => {
    const key = 'k'.repeat(length / 40)
    return `${`{"${key}":`.repeat(19)}[${'1,'.repeat(length / 4)}1]${'}'.repeat(19)}`
  },
  'every value in quotes': repeated(' a="b\\"c"'),
}

const exchange = (text: string): Exchange => {
  const headers = { 'set-cookie': text, authorization: text, cookie: text, location: text }
  const body = Buffer.from(text)
  const request = { method: 'GET', url: `https://h/${text}`, headers, body }
  const answer = { status: 200, headers, body }
  return { what: 'it', from: 'heroku', at: 0, request, answer, failure: null, durationMs: 1 }
}

const delivery = (text: string, process: string) => {
  const body = Buffer.from(text)
  const frame = Buffer.from(`<190>1 2026-11-21T10:00:00+00:00 host heroku ${process} - ${text}`)
  const framed = Buffer.concat([Buffer.from(`${frame.length} `), frame])
  return { body, framed, lines: parseFrames(framed, { structuredData: false }).lines }
}

const content = (text: string) => ({
  kind: 'fired' as const,
  alert: { id: 'a', name: text, q: text, condition: { kind: 'silence' as const, minutes: 5 } },
  resource: { id: 'r', name: 'n' },
  window: { from: AT, to: AT },
  lines: 1,
  isAll: true,
  ofLines: null,
  examples: [{ sentAt: AT, process: text, message: text }],
})

const dialect = postgresDialect(() => '$1')

const RENDERING = {
  serviceId: 'service',
  name: 'name',
  addonId: 'culvert',
  format: compileFormat('%h %r %>s %{json.escape(line.message)}V', 2),
  condition: null,
  apps: new Map<number, string>(),
}
/** Each asks all that one directive can ask of a line. */
const DIRECTIVES = [
  '%{regsuball(line.message, "(?:.*z)?", "b")}V',
  '%{regsuball(line.message, "a*?b|a", "b")}V',
  `%{regsuball(line.message, "(a)|(b)", "${'\\\\2'.repeat(400)}")}V`,
  '%{regsuball(line.message, "", line.message)}V',
  `${'%{regsuball(line.message, "(?:.*z)?", "b")}V'.repeat(40)}`,
  '%{json.escape(urlencode(cstr_escape(xml_escape(line.message))))}V',
  '%{urldecode(urldecode(line.message))}V %{std.atoi(line.message)}V %{substr(line.message, -5, 3)}V',
  '%{line.message line.message line.message}V %{req.url.ext}V %{req.url.basename}V %{req.url.dirname}V',
  '%a %U %q %r %f %v %{x-forwarded-for}i %{user-agent}i',
].map((text) => compileFormat(text, 2))
const CONDITIONS = [
  'line.message ~ "(a|aa)+$"',
  'line.message ~ "[ab]{0,100}a[ab]{100}c"',
  Array.from({ length: 60 }, (_, at) => `line.message ~ "a*b{${at}}$"`).join(' || '),
].map(compileCondition)

const FORMATS: Record<string, Family> = {
  'a directive without an end': repeated('a', '%{'),
  'directives without an end': repeated('%{a'),
  'escaped braces': repeated('\\}', '%{', '}V'),
  names: repeated('a.a-', ''),
  times: repeated('%{%Y}t'),
}
const VCL: Record<string, Family> = {
  'a long text without an end': repeated('"', '{a"'),
  marks: repeated('"aaaa', '{aaaab"'),
  'a name': repeated('.a-'),
  'a number': repeated('1', '', '.'),
  nots: repeated('!'),
  'not and parentheses': repeated('!('),
  calls: repeated('json.escape('),
  ifs: repeated('if(a,'),
  texts: repeated('"a" '),
}

/** By module and export. A text instead of a reader says why the function needs none. */
export const READERS: Record<string, Record<string, Reader | string>> = {
  'logplex/frame-parser.ts': {
    parseFrames: {
      run: (text) => {
        const body = Buffer.from(text)
        return [false, true].map((structuredData) => parseFrames(body, { structuredData }))
      },
      families: {
        'counts without frames': repeated('9999999 '),
        'counts that are too long': repeated('9999999 <1>1 '),
        'priorities without counts': repeated(' <190>1'),
        'frames of nothing': repeated('1 a'),
        'frames short by one': repeated('99 <190>1 '),
        'structured data without an end': repeated(
          'a="\\"',
          '999999 <190>1 2026-11-21T10:00:00Z h a w - [a ',
        ),
        'structured data over and over': repeated('[a b="c"]', '999999 <190>1 2026-11-21T10:00:00Z h a w - '),
      },
    },
    isRaw: 'compares four numbers',
    FrameParser: 'parseFrames runs it',
  },
  'logplex/structured-data.ts': {
    endOfStructuredData: {
      run: (text) => {
        const bytes = Buffer.from(text)
        return endOfStructuredData(bytes, 0, bytes.length)
      },
      families: { elements: repeated('[a b="c"]'), parameters: repeated(' b="\\""', '[a') },
    },
  },
  'logplex/timestamp.ts': {
    readTimestamp: {
      run: (text) => {
        const bytes = Buffer.from(text)
        return { ...readTimestamp(bytes, 0, bytes.length) }
      },
      families: { 'a long fraction': repeated('1', '2026-11-21T10:00:00.', 'Z') },
    },
  },
  'logplex/drain-token.ts': {
    isDrainToken: { longest: HEADERS, run: isDrainToken },
    drainTokens: {
      longest: HEADERS,
      run: (text) => [
        drainTokens({ 'logplex-drain-token': text }),
        drainTokens({ authorization: text }),
        drainTokens({ authorization: `Basic ${text}` }),
        drainTokens({ authorization: `Basic ${Buffer.from(text).toString('base64')}` }),
      ],
    },
  },
  'logplex/frame-form.ts': {
    writeFrame: {
      run: (text) =>
        writeFrame({ priority: 1, sentAtMicros: 1, source: text, process: text, message: text, form: 0 }),
    },
    formatMicros: 'writes a number',
  },
  'logplex/framed-line.ts': { isBelieved: 'compares two numbers' },
  'logplex/input-frame.ts': {
    encodeInputFrame: {
      run: (text) =>
        encodeInputFrame({ timeMicros: 1, host: text, source: text, process: text, message: text }),
    },
    cutText: { run: (text) => cutText(text, 10_000) },
  },
  'logplex/post-frames.ts': {
    postFrames: 'sends what was written',
    splitCredentials: { longest: SHORT, run: (text) => splitCredentials(`https://${text}@h/${text}`) },
  },
  'drain/losses.ts': {
    findLosses: {
      run: (text) =>
        ['logplex', 'log-shuttle'].map((process) => {
          const { framed, lines } = delivery(text, process)
          return findLosses(framed, lines, 1)
        }),
      families: {
        'a notice of digits': repeated('1', 'Error L10 '),
        'a notice of counts': repeated('1 message ', 'Error L10 '),
        'a notice of words': repeated(' messages', 'Error L12 '),
      },
    },
  },
  'drain/frame-key.ts': {
    frameKey: { longest: HEADERS, run: (text) => [frameKey(text, text), frameKey('', text)] },
  },
  'query/and.ts': { and: 'takes queries', printAnd: 'a part of print' },
  'query/between.ts': { between: 'takes dates' },
  'query/comparison.ts': {
    readOperator: { longest: QUERY, run: (text) => [readOperator(text), readOperator(`>=${text}`)] },
    whyNotComparable: {
      longest: QUERY,
      run: (bound) =>
        ['time', 'level', 'a'].map((name) =>
          whyNotComparable(name, { kind: 'comparison', operator: '>', bound }),
        ),
    },
    printComparison: 'puts two texts together',
    compares: { run: compares({ kind: 'comparison', operator: '>', bound: '1s' }) },
    matchesOrdered: {
      run: (text) =>
        ['level', 'time'].map((name) =>
          matchesOrdered(name, { kind: 'comparison', operator: '>', bound: 'warn' }, searched(asked(text))),
        ),
    },
    levelsThat: 'takes what was read',
    timeBounds: 'takes what was read',
    isOrdered: 'compares with two names',
  },
  'query/condition.ts': { all: 'takes conditions', any: 'takes conditions', not: 'takes a condition' },
  'query/condition-sql.ts': {
    conditionSql: {
      longest: QUERY,
      run: (text) => conditionSql(mayMatch(parse(text).query, new Map()), dialect),
    },
    likePattern: { longest: QUERY, run: (text) => likePattern(text.split('*')) },
  },
  'query/field.ts': {
    readName: { longest: QUERY, run: (text) => readName(text, 0) },
    field: 'takes what was read',
    readValue: { longest: QUERY, run: (text) => readValue('a', 0, reading(text)) },
    printField: 'a part of print',
    matchesField: {
      run: (text) => {
        const line = searched(asked(text))
        return QUERIES.flatMap((query) => (query.kind === 'field' ? [matchesField(query, line)] : []))
      },
    },
  },
  'query/fold.ts': {
    isAscii: { run: isAscii },
    fold: { run: fold },
    otherForms: 'looks a letter up',
  },
  'query/heroku-code.ts': {
    codeInText: { run: (text) => codeInText('heroku', text) },
    isHerokuCode: { run: isHerokuCode },
  },
  'query/heroku-codes.ts': { herokuCode: 'looks a code up' },
  'query/level.ts': {
    levelNamed: 'looks a word up',
    tracesOf: 'takes a level',
    deriveLevel: {
      run: (text) => [
        deriveLevel('app', text, new Map(), undefined),
        deriveLevel('heroku', text, new Map([['level', [text]]]), undefined),
      ],
      families: { 'a state': repeated('a', 'State changed from ') },
    },
  },
  'query/bounds.ts': {
    exact: 'takes a condition',
    inTexts: 'a part of mayMatch',
    inMessage: 'a part of mayMatch',
    escaped: 'a part of mayMatch',
    inColumn: 'takes parts',
    inProcess: 'takes parts',
    ofNumber: 'a part of mayMatch',
    holds: 'takes parts',
    uncoloured: 'takes a condition',
  },
  'query/line-fields.ts': {
    lineField: 'looks a name up',
    fieldValues: { run: (text) => fieldValues(text, searched(asked(text))) },
    fieldBounds: {
      longest: QUERY,
      run: (text) => fieldBounds(text, { kind: 'value', text, folded: text }, new Map([[1, text]])),
    },
    nameOfKey: 'looks a name up',
  },
  'query/message-fields.ts': { readFields: { run: readFields, families: HOSTILE_FIELDS } },
  'query/not.ts': { not: 'takes a query', printNot: 'a part of print' },
  'query/or.ts': { or: 'takes queries', printOr: 'a part of print' },
  'query/parse.ts': { parse: { longest: QUERY, run: parse } },
  'query/phrase.ts': {
    phrase: 'folds a text',
    printPhrase: 'quotes a text',
    quote: { longest: QUERY, run: quote },
    Quotes: { longest: QUERY, run: (text) => new Quotes(`"${text}`).read(0) },
  },
  'query/prefilter.ts': {
    mayMatch: { longest: QUERY, run: (text) => mayMatch(parse(text).query, new Map([[1, text]])) },
    timeRange: 'takes what was read',
  },
  'query/quantity.ts': {
    readQuantity: {
      run: readQuantity,
      families: { units: repeated('1m'), 'in brackets': repeated(')', '1M(') },
    },
    compareQuantities: 'takes numbers',
  },
  'query/query.ts': {
    print: { longest: QUERY, run: (text) => print(parse(text).query) },
    matches: {
      run: (text) => {
        const line = searched(asked(text, { source: 'heroku' }))
        return QUERIES.map((query) => matches(query, line))
      },
      families: HOSTILE_FIELDS,
    },
    countTerms: 'takes a query',
  },
  'query/regex.ts': {
    readSlashed: { longest: QUERY, run: (text) => readSlashed(`/${text}`, 0, new Expressions()) },
    printRegex: 'puts texts together',
    whyNot: {
      longest: QUERY,
      run: (source) => whyNot({ kind: 'regex', source, anyCase: true, together: new Expressions() }),
    },
    matchesRegex: 'a part of matches',
    matchesAny: {
      run: (text) =>
        EXPRESSIONS.map((typed) => {
          const { query } = parse(typed)
          return query.kind === 'regex' && matchesAny(query, [text, text.slice(1), text.slice(2)])
        }),
    },
  },
  'query/re2.ts': {
    Expressions: {
      run: (text) => EXPRESSIONS.map((typed) => matches(parse(typed).query, searched(asked(text)))),
    },
  },
  'query/find-text.ts': {
    findText: {
      run: (text) =>
        [text.slice(-300), `${text.slice(0, 400)}b`, `${text.slice(0, 200)}b${text.slice(0, 200)}`].map(
          (wanted) => findText(text, wanted, 1),
        ),
    },
  },
  'query/searched-line.ts': {
    withoutColours: { run: withoutColours },
    searched: {
      run: (text) => {
        const line = searched(asked(text, { source: 'heroku', process: text }))
        return [
          line.level,
          line.foldedTexts,
          ...['code', 'dyno', 'process', 'a', 'message.a'].map((name) => fieldValues(name, line)),
        ]
      },
      families: HOSTILE_FIELDS,
    },
  },
  'query/time-span.ts': {
    readTimeSpan: { longest: QUERY, run: readTimeSpan },
    readMicros: 'reads what was stored',
  },
  'query/tokens.ts': { readTokens: { longest: QUERY, run: readTokens } },
  'query/wildcard.ts': {
    wildcard: 'splits a text',
    pattern: 'splits a text',
    isWildcard: { longest: QUERY, run: isWildcard },
    printWildcard: 'gives a text back',
    matchesWildcard: 'a part of matches',
    isWhole: {
      run: (text) => ['*a*b*', 'a*a*a*b', `${'a'.repeat(300)}b*`].map((one) => isWhole(pattern(one), text)),
    },
  },
  'query/word.ts': {
    word: 'folds a text',
    isWord: { longest: QUERY, run: isWord },
    printWord: 'gives a text back',
    matchesText: 'a part of matches',
  },
  'query/analysed.ts': { analysed: { run: analysed } },
  'error-text.ts': {
    errorText: { run: (text) => errorText(new Error(text)) },
    messageOf: { run: (text) => messageOf(new Error(text)) },
    placesOf: { run: (text) => placesOf(new Error(text)) },
    withoutCredentials: { run: withoutCredentials },
  },
  'access/same-origin.ts': {
    checkSameOrigin: {
      longest: HEADERS,
      run: (text) =>
        checkSameOrigin(
          { method: 'POST', headers: { 'sec-fetch-site': text, origin: text, 'content-type': text } },
          'https://h',
        ),
    },
  },
  'alerts/message.ts': {
    writeMessage: { run: (text) => writeMessage(content(text), (path) => path) },
    writeWebhook: { run: (text) => writeWebhook('m', content(text), (path) => path) },
    describe: 'a part of writeMessage',
  },
  'api/field-counts.ts': {
    FieldCounts: {
      run: (text) => {
        const counts = new FieldCounts(new Map())
        counts.add(asked(text))
        return counts.top()
      },
      families: HOSTILE_FIELDS,
    },
  },
  'api/line.ts': {
    readSearch: { longest: QUERY, run: (q) => readSearch({ q }) },
    lineToJson: { run: (text) => lineToJson(asked(text), new Map()), families: HOSTILE_FIELDS },
  },
  'api/live/tail-form.ts': {
    formOf: 'looks for four words in a header',
    lineToText: { run: (text) => lineToText(asked(text)) },
    skippedToJson: 'writes numbers',
  },
  'api/overview/overview.ts': {
    OverviewSums: {
      run: (text) => {
        const sums = new OverviewSums({
          from: Date.parse(AT),
          to: Date.parse(AT) + 1,
          stepMs: 1_000,
          count: 1,
        })
        sums.add(asked(text, { source: 'heroku', process: 'router' }))
        sums.add(routed(text))
        sums.add(asked(`sample#memory_total=${text}`, { source: 'heroku' }))
        return sums.result()
      },
    },
  },
  'api/overview/percentile.ts': { percentile: 'takes numbers', ascending: 'takes numbers' },
  'api/overview/route-of-path.ts': {
    routeOfPath: { run: (text) => routeOfPath(`/${text}`), families: { digits: repeated('1', '/', '_') } },
  },
  'api/overview/steps.ts': { cutIntoSteps: 'takes dates', stepOf: 'takes numbers' },
  'cli/logs-print.ts': {
    printLine: { run: (text) => [true, false].map((is) => printLine(shown(text), is)) },
  },
  'addon-contract/config-vars.ts': {
    areDeclared: 'compares names',
    areStrings: 'looks at types',
    areUrls: { run: (text) => areUrls({ A_URL: text, B_URL: `a://${text}` }, true, exchange('')) },
    stringsOf: 'looks at types',
    asObject: 'looks at a type',
  },
  'addon-contract/cookies.ts': {
    cookiesOf: {
      longest: HEADERS,
      run: (text) => cookiesOf({ status: 200, headers: { 'set-cookie': text }, body: Buffer.alloc(0) }),
    },
    CookieJar: 'keeps what cookiesOf reads',
  },
  'addon-contract/describe.ts': {
    describeExchange: {
      run: (text) => describeExchange(exchange(text), ['aaaa']),
      families: {
        'a secret over and over': repeated('secret="'),
        'spaces after a secret': repeated(' ', 'secret"'),
        'a secret and spaces': repeated(' ', 'secret=a'),
        'addresses without a host': repeated('a://b:'),
      },
    },
  },
  'addon-contract/exchange.ts': {
    jsonObject: { run: (text) => jsonObject(Buffer.from(text)) },
    headerValues: { longest: HEADERS, run: (text) => headerValues({ [text]: text }, 'a') },
  },
  'endpoints/api/answers.ts': {
    endpointAnswer: 'puts fields together',
    conditionAnswer: 'puts fields together',
    domainAnswer: 'puts fields together',
    versionAnswer: 'puts fields together',
    serviceAnswer: 'puts fields together',
    encode: { run: (text) => encode({ text }) },
  },
  'endpoints/api/fields.ts': {
    readFields: {
      run: (text) => ['application/json', 'x'].map((type) => readBodyFields(type, Buffer.from(text))),
    },
    required: 'looks a name up',
    oneOf: { run: (text) => oneOf(new Map([['a', text]]), 'a', 'a', ['b']) },
    bounded: { run: (text) => bounded('a', text, 10) },
  },
  'endpoints/format/compile.ts': {
    compileFormat: {
      longest: MAX_FORMAT_CHARACTERS,
      run: (text) =>
        ([1, 2] as const).map((version) =>
          attempt(() => compileFormat(text, version).render(facts(asked('a=b')))),
        ),
      families: FORMATS,
    },
  },
  'endpoints/format/version-1.ts': { readVersion1: { longest: MAX_FORMAT_CHARACTERS, run: readVersion1 } },
  'endpoints/format/version-2.ts': {
    readVersion2: { longest: MAX_FORMAT_CHARACTERS, run: readVersion2, families: FORMATS },
  },
  'endpoints/line-facts.ts': {
    lineFacts: {
      run: (text) => of(text).map((line) => [line.request, line.level, line.code, line.field(text)]),
    },
  },
  'endpoints/sender/frames.ts': {
    sentOnAs: 'names a process',
    renderMessage: 'a part of renderFrame',
    renderFrame: {
      run: (text) => [
        DIRECTIVES.map((format) => renderFrame(asked(text), { ...RENDERING, format })),
        DIRECTIVES.map((format) => renderFrame(routed(text), { ...RENDERING, format })),
        CONDITIONS.map((condition) => renderFrame(asked(text), { ...RENDERING, condition })),
      ],
      only: FOR_EXPRESSIONS,
    },
    lossFrame: 'writes a number',
  },
  'endpoints/sender/post.ts': {
    post: 'sends what was written',
    judge: { longest: HEADERS, run: (text) => judge(503, text) },
  },
  'endpoints/vcl/condition.ts': {
    compileCondition: {
      longest: 4_000,
      run: (text) => compileCondition(text)(facts(asked('a=b'))),
      families: VCL,
    },
  },
  'endpoints/vcl/expression.ts': { print: 'writes a value', isTrue: 'looks at a type' },
  'endpoints/vcl/functions.ts': { isFunction: 'looks a name up', call: 'a part of parseExpression' },
  'endpoints/vcl/names.ts': {
    findName: {
      longest: MAX_FORMAT_CHARACTERS,
      run: (text) =>
        ['', 'req.http.', 'line.field.'].map((head) => findName(head + text)?.read(facts(routed('a')))),
    },
    requestHeader: {
      longest: MAX_FORMAT_CHARACTERS,
      run: (text) => of('a').map(requestHeader(text)),
    },
    responseHeader: { longest: MAX_FORMAT_CHARACTERS, run: (text) => of('a').map(responseHeader(text)) },
  },
  'endpoints/vcl/parse.ts': {
    Budget: 'counts',
    parseExpression: { longest: MAX_FORMAT_CHARACTERS, run: (text) => parseExpression(text), families: VCL },
  },
  'endpoints/vcl/regex.ts': {
    compileRegex: {
      run: (text) =>
        ['(?:.*z)?', 'x?(?:a*b)?', 'a*?b|a', '', '(a)|(b)', '[ab]{0,100}a[ab]{100}'].map((source) => {
          const regex = compileRegex(source, 0, new Expressions())
          return [regex.test(text), regex.replace(text, '\\1\\2', 'all', { left: MAX_WORK })]
        }),
      only: FOR_EXPRESSIONS,
    },
  },
  'endpoints/vcl/strftime.ts': {
    compileStrftime: {
      longest: MAX_FORMAT_CHARACTERS,
      run: (text) => {
        const printed = compileStrftime(text)
        return typeof printed === 'function' && printed(1)
      },
    },
    printClfTime: 'writes a number',
    printHttpDate: 'writes a number',
  },
  'endpoints/vcl/tokens.ts': {
    readTokens: { longest: MAX_FORMAT_CHARACTERS, run: readVclTokens, families: VCL },
  },
  'heroku/call.ts': {
    callHeroku: 'calls; what it reads is bounded',
    readAnswer: 'a schema over JSON.parse',
    failureOf: {
      run: (text) =>
        failureOf(
          { status: 500, headers: new Headers({ 'content-type': 'application/json' }), body: text },
          'it',
        ),
    },
  },
  'heroku/log-input/addresses.ts': {
    createLogInputAddresses: 'calls',
    readAddress: {
      longest: SHORT,
      run: (text) => readAddress(`https://a:b@${text}`, 'https://api.heroku.com'),
    },
  },
  'logs/exclusion/exclude.ts': { exclude: 'asks matches about each line' },
  'logs/ledger/snapshot.ts': {
    readSnapshot: { longest: 4_000, run: readSnapshot, families: { numbers: repeated('7,', '1:9:') } },
    isVisible: 'looks a number up',
  },
  'logs/place.ts': { toCursor: 'writes numbers', parseCursor: { longest: SHORT, run: parseCursor } },
  'logs/shown-text.ts': {
    shownText: {
      run: (text) => {
        const { framed, lines } = delivery(text, 'web.1')
        const line = lines.at(0)
        return line && shownText(framed, { ...line, isText: false }, line.messageStart, line.messageEnd)
      },
    },
    shownBytes: 'a part of shownText',
    textPieces: {
      run: (text) => {
        const { framed, lines } = delivery(text, 'web.1')
        const line = lines.at(0)
        return line && [...textPieces({ ...line, isText: false }, framed, 0, framed.length)]
      },
    },
    pieces: 'cuts by length',
  },
  'operations/rate-limit.ts': {
    RateLimit: 'counts what clientOf names',
    clientOf: { longest: HEADERS, run: (text) => [clientOf(text), clientOf(`fe80::1%${text}`)] },
  },
  'operations/request-id.ts': {
    requestId: { longest: HEADERS, run: (text) => requestId({ headers: { 'x-request-id': text } }) },
  },
  'outbound/public-address.ts': { isPublicAddress: { longest: SHORT, run: isPublicAddress } },
  'outbound/target-url.ts': {
    readTargetUrl: { run: (text) => readTargetUrl(`https://${text}`, { allowInside: false }) },
    hostOf: 'takes the brackets off a host',
  },
  'page/client/highlight.ts': {
    needlesOf: { longest: QUERY, run: (text) => needlesOf(parse(text).query) },
    rangesIn: {
      run: (text) =>
        ['a', 'a b ab', '/a*a*b/', '/a?a?a?a?a?a?a?a?a?a?b/'].map((typed) =>
          rangesIn(text, needlesOf(parse(typed).query)),
        ),
    },
  },
  'page/client/moment.ts': { readMoment: { run: (text) => readMoment(text, 0, 'utc') } },
  'page/client/pretty.ts': {
    fieldsOf: { run: (text) => fieldsOf(shown(text), 'utc'), families: HOSTILE_FIELDS },
    indentedJson: { run: indentedJson, families: HOSTILE_FIELDS },
  },
  'page/client/re2-in-the-browser.ts': {
    BrowserExpression: 'made by expression',
    expression: { longest: QUERY, run: (text) => expression(text, true) },
    RE2JS: {
      run: (text) =>
        ['a*a*b', 'a?a?a?a?a?a?b', 'a|b|c|ab$'].map((source) => RE2JS.compile(source, 0).test(text)),
    },
  },
  'page/client/trends.ts': {
    Trends: {
      run: (text) =>
        new Trends().add(shown(`sample#memory_total=${text}`, { source: 'heroku', process: text })),
    },
    pointsOf: 'takes numbers',
  },
  'page/client/view-state.ts': {
    modeOf: 'looks at what was read',
    readState: { run: (text) => [readState(text), readState(`?from=${text}`)] },
    writeState: 'writes what was read',
  },
  'page/first-paint.ts': {
    firstPaint: { run: (text) => firstPaint([shown(text)], true), families: HOSTILE_FIELDS },
  },
  'page/html.ts': { Html: 'holds a text', html: { run: (text) => html`<a title="${text}">${text}</a>` } },
  'page/reading/ansi.ts': {
    readAnsi: {
      run: readAnsi,
      families: { codes: repeated('1;', '\u001b['), colours: repeated('\u001b[38;5;1m') },
    },
  },
  'page/reading/hue.ts': { hueOf: { run: hueOf } },
  'page/reading/line.ts': {
    compareLines: 'compares times',
    plainText: { run: (text) => plainText(shown(text)) },
    withoutControls: { run: withoutControls },
    isBad: 'compares a word',
  },
  'page/reading/parts.ts': {
    partsOfLine: {
      run: (text) => [
        partsOfLine(shown(text)),
        partsOfLine(shown(text), true),
        partsOfLine(shown(text, { source: 'heroku' })),
        partsOfLine(shown(routed(text).message, { source: 'heroku', process: 'router' })),
      ],
      families: HOSTILE_FIELDS,
    },
  },
  'page/reading/platform-event.ts': {
    platformEvent: {
      run: (text) =>
        ['', 'Deploy ', 'Set ', 'Scale to a@', 'State changed from '].map((head) =>
          ['api', 'web.1', text].map((process) =>
            platformEvent({ source: 'heroku', process, message: head + text }),
          ),
        ),
    },
  },
  'page/reading/router-line.ts': {
    readRouterLine: { run: (text) => readRouterLine(readFields(routed(text).message)) },
  },
  'page/reading/row.ts': {
    rowLook: { run: (text) => rowLook(shown(text, { process: text })) },
    originOf: {
      run: (text) => [
        originOf(shown('', { process: text })),
        originOf(shown('', { process: '', source: text })),
      ],
    },
  },
  'page/reading/term.ts': {
    lineTerm: { run: (text) => lineTerm('a', text) },
    messageTerm: { run: (text) => [messageTerm('a', text), messageTerm(text, 'a')] },
    textTerm: { run: textTerm },
    refine: { longest: QUERY, run: (text) => refine(text, 'a', true) },
    without: { longest: QUERY, run: (text) => without(text, 'a') },
    partsOf: { longest: QUERY, run: partsOf },
  },
  'page/reading/times.ts': {
    timeOfDay: 'writes a time of ours',
    dayOf: 'writes a time of ours',
    longDay: 'writes a day of ours',
    fullTime: 'writes a time of ours',
    offsetName: 'takes a date',
    ageInWords: 'takes a number',
  },
  'page/reading/units.ts': {
    duration: 'takes a number',
    bytes: 'takes a number',
    whole: 'takes a number',
    count: 'takes a number',
  },
  'partner/sso-token.ts': {
    verifySso: {
      run: (text) =>
        verifySso(
          {
            resourceId: text,
            timestamp: text,
            userScopedToken: text,
            resourceToken: text,
            userId: text,
            email: text,
          },
          { salts: ['a', 'b'], acceptSha1: true, nowSeconds: 0 },
        ),
    },
  },
  'partner/webhook.ts': {
    receiveWebhook: 'a schema over JSON.parse',
    isSigned: {
      run: (text) =>
        isSigned(
          Buffer.from(text),
          { signature: text, authorization: text },
          { secret: 'a', authorization: 'b' },
        ),
    },
  },
}

/** Modules that look through texts, but through none that a stranger wrote, or that leave it to a reader above. */
export const ELSEWHERE: Record<string, string> = {
  'config.ts': 'the operator wrote it',
  'config/': 'the operator wrote it',
  'cli/': 'the operator typed it, or our own service answered it',
  'database/': 'Postgres or the operator wrote it',
  'service.ts': 'the operator wrote it',
  'access/session.ts': 'one header, by an expression that lint checks',
  'alerts/mail.ts': 'the operator wrote it',
  'api/export.ts': 'a name of 100 characters',
  'api/lines.ts': 'an address of 16 kB, cut once',
  'api/named.ts': 'names of 100 characters',
  'api/openapi.ts': 'our own routes',
  'api/tokens.ts': 'names of 100 characters',
  'drain/newcomers.ts': 'tokens and ids, by expressions that lint checks',
  'drain/retry-set-aside.ts': 'names of our own files',
  'drain/spool/': 'our own files',
  'endpoints/endpoint-store.ts': 'what we sealed',
  'endpoints/api/': 'fields of bounded length, by expressions that lint checks',
  'heroku/log-input/writer.ts': 'our own notices',
  'heroku/reconcile/installs.ts': 'one header, by an expression that lint checks',
  'logs/clickhouse/': 'ClickHouse wrote it',
  'logs/ledger/tail.ts': 'a position of 4,100 characters, by an expression that lint checks',
  'logs/postgres/partitions.ts': 'names of our own tables',
  'operations/': 'one header, or our own names',
  'outbound/outbound.ts': 'codes of errors',
  'page/assets.ts': 'one header',
  'page/page.ts': 'our own markup',
  'page/return-path.ts': 'an address of 1,500 characters, by an expression that lint checks',
  'page/client/': 'the reader typed it, our own service answered it, or a reader above reads it',
  'partner/': 'fields of a body of 64 kB, by expressions that lint checks',
  'resources/': 'an id, by an expression that lint checks',
}
