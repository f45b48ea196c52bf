// `culvert logs`: what the page shows, in a terminal or a pipe.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { readTimeSpan } from '../query/time-span.ts'
import type { Command, CommandContext } from './command.ts'
import {
  type LogsAddress,
  readAddress,
  readEvents,
  readJsonLines,
  readPage,
  Unreachable,
} from './logs-client.ts'
import { printLine, type ShownLine } from './logs-print.ts'
import { CommandError } from './with-database.ts'

const PAGE_LINES = 1_000
const MAX_LINES = 10_000
const SEEN_LINES = 5_000
const FIRST_RETRY_MS = 500
const LONGEST_RETRY_MS = 15_000

export const logs: Command = {
  name: 'logs',
  summary: 'shows the logs of an add-on, searched or live',
  help: `culvert logs [--tail] [--num 100] [--since 2h] [--app name] [--json] ['search']

Shows the newest lines that match, oldest first, as heroku logs prints them. The search is the page's (docs/search.md):
culvert logs --tail 'level:error -timeout'. One that begins with - comes behind --.

  -t, --tail   goes on with the lines that come in, and comes back by itself when the connection is lost
  -n, --num    how many lines of the past: 100 unless said otherwise, ${MAX_LINES.toLocaleString('en')} at most
      --since  all lines since then: 10m, 2h, 3d, 2026-11-21 or 2026-11-21T10:15 (UTC); with --num the newest of them
  -a, --app    of this attached app only
      --json   a line of JSON for each line

CULVERT_URL   the resource's address: heroku config:get CULVERT_URL -a your-app
CULVERT_TOKEN an API token, made on the page

Colours on a terminal, unless NO_COLOR is set. Exit status: 0 all was shown; 1 a tail was ended by the service; 2 it could not be done.
`,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        tail: { type: 'boolean', short: 't', default: false },
        num: { type: 'string', short: 'n' },
        since: { type: 'string' },
        app: { type: 'string', short: 'a' },
        json: { type: 'boolean', default: false },
      },
    })
    const address = readAddress(context.environment)
    const app = values.app === undefined ? [] : [`app:${JSON.stringify(values.app)}`]
    const asked = {
      q: [
        ...app,
        ...positionals.map((each) => (positionals.length + app.length > 1 ? `(${each})` : each)),
      ].join(' '),
      from: values.since === undefined ? undefined : readSince(values.since, Date.now()),
    }
    const num = values.num === undefined ? undefined : readNumber(values.num)
    const isTerminal = context.isTerminal === true && !context.environment.NO_COLOR
    const print = (line: ShownLine) =>
      context.write(values.json ? `${JSON.stringify(line)}\n` : printLine(line, isTerminal))
    try {
      if (values.tail) return await tail(address, asked, num ?? 100, print, context)
      await show(address, asked, num, print, context)
      return 0
    } catch (error) {
      if (error instanceof Unreachable) throw new CommandError(error.message)
      throw error
    }
  },
}

interface Asked {
  q: string
  from: string | undefined
}

async function show(
  address: LogsAddress,
  asked: Asked,
  num: number | undefined,
  print: (line: ShownLine) => void,
  context: CommandContext,
): Promise<void> {
  if (num === undefined && asked.from !== undefined) {
    for await (const line of readJsonLines(address, '/export', { ...asked, format: 'ndjson' })) print(line)
    return
  }
  const wanted = num ?? 100
  const newestFirst: ShownLine[] = []
  let before: string | undefined
  while (newestFirst.length < wanted) {
    const limit = String(Math.min(PAGE_LINES, wanted - newestFirst.length))
    const page = await readPage(address, { ...asked, limit, before })
    if (before === undefined) for (const { text } of page.hints) context.writeError(`${text}\n`)
    newestFirst.push(...page.lines)
    if (page.older === null) break
    before = page.older
  }
  for (const line of newestFirst.reverse()) print(line)
}

/** Until the service says that it is over, or for ever. */
async function tail(
  address: LogsAddress,
  { q, from }: Asked,
  num: number,
  print: (line: ShownLine) => void,
  context: CommandContext,
): Promise<number> {
  let lastId: string | undefined
  let hasBegun = false
  // A tail that cannot resume restarts, with lines of which some were shown.
  const seen = new Set<string>()
  const show = (line: ShownLine) => {
    if (seen.has(line.cursor)) return
    seen.add(line.cursor)
    const oldest = seen.values().next().value
    if (seen.size > SEEN_LINES && oldest !== undefined) seen.delete(oldest)
    print(line)
  }
  for (let delayMs = FIRST_RETRY_MS; ; ) {
    try {
      const last = String(hasBegun ? PAGE_LINES : Math.min(num, PAGE_LINES))
      for await (const { event, id, data } of readEvents(address, '/tail', { q, last }, lastId)) {
        delayMs = FIRST_RETRY_MS
        lastId = id ?? lastId
        const told: unknown = JSON.parse(data)
        if (event === 'lines') {
          const { lines } = told as { lines: ShownLine[] }
          const isPast = !hasBegun && from !== undefined
          for (const line of lines) if (!isPast || line.sent_at >= from) show(line)
          hasBegun = true
        } else if (event === 'end' && (told as { reason: string }).reason === 'signed_out') {
          context.writeError('The token was revoked, or the add-on removed.\n')
          return 1
        } else {
          const sentence = describe(event, told)
          if (sentence !== null) context.writeError(`${sentence}\n`)
        }
      }
      // Ended in order: the service restarts.
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error
      if (!hasBegun && lastId === undefined) throw error
      context.writeError(`${error.message} Trying again.\n`)
    }
    await sleep(delayMs * (0.5 + Math.random()))
    delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)
  }
}

function describe(event: string | undefined, told: unknown): string | null {
  if (event === 'skipped') {
    const { lines, from, to } = told as { lines: number; from: string; to: string }
    return `Skipped ${lines} lines sent between ${from} and ${to}: too many at once.`
  }
  if (event === 'gap') {
    const { kind, lines, minute } = told as { kind: string; lines: number; minute: string }
    return `${lines} lines of ${minute} are missing (${kind}).`
  }
  return null
}

const UNITS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readSince(text: string, now: number): string {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? []
  const span = readTimeSpan(text)
  if (count === undefined && span === undefined) {
    throw new CommandError('--since wants 10m, 2h, 3d, 2026-11-21 or 2026-11-21T10:15')
  }
  const ms =
    count === undefined ? (span?.from ?? 0) / 1_000 : now - Number(count) * (UNITS[unit as string] ?? 0)
  return new Date(ms).toISOString()
}

function readNumber(text: string): number {
  const number = Number(text)
  if (Number.isInteger(number) && number >= 1 && number <= MAX_LINES) return number
  throw new CommandError(`--num wants a number from 1 to ${MAX_LINES}`)
}
