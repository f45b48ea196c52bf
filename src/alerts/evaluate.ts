// Looking at the alerts that are due: count, judge, write down. Safe in any number of processes: each alert is claimed by
// one, and what an expired claim found out is not written down.
import type { FastifyBaseLogger } from 'fastify'
import type { LogStore } from '../logs/log-store.ts'
import { countMatches, type Walking, walkLines } from '../logs/walk-lines.ts'
import { analysed } from '../query/analysed.ts'
import { and } from '../query/and.ts'
import { between } from '../query/between.ts'
import type { Apps } from '../query/line-view.ts'
import { parse } from '../query/parse.ts'
import { matches, type Query } from '../query/query.ts'
import { searched } from '../query/searched-line.ts'
import type { AlertStore, DueAlert } from './alert-store.ts'
import {
  type Counts,
  enoughLines,
  evaluatedEveryMs,
  isWatchedLongEnough,
  judge,
  type Verdict,
  windowOf,
} from './condition.ts'
import type { AlertCounters } from './counters.ts'
import type { MessageContent } from './message.ts'
import { step } from './step.ts'

export interface EvaluateParts {
  store: Pick<AlertStore, 'claimDue' | 'record' | 'postpone'>
  logs: Pick<LogStore, 'read' | 'countLines'>
  appNames(resourceNumber: number): Promise<Apps>
  counters: AlertCounters
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  /** Milliseconds since 1970. */
  now(): number
  /** Ends the counting: the service closes. */
  signal?: AbortSignal
}

/** Claimed together, and counted side by side: each holds a connection of the readers'. */
const AT_ONCE = 2
/** Counting ends by itself long before. */
const LEASE_MS = 60_000
/** Of one count: some hundred thousands of lines that match, or millions that the store need not hand over. */
const COUNT_MS = 8_000
const EXAMPLES = 3
/**
 * After the service or the database was away, lines wait in spools and senders that are seconds old: whoever looked now
 * would find silence.
 */
const SETTLE_MS = 60_000
/** Missed so many times, it was away. */
const MISSED_TURNS = 4

/** Looks at what is due; never rejects for one alert. */
export async function evaluateDue(parts: EvaluateParts, round: AbortSignal): Promise<void> {
  while (!parts.signal?.aborted && !round.aborted) {
    const due = await parts.store.claimDue(new Date(parts.now()), LEASE_MS, AT_ONCE)
    await Promise.all(due.map((alert) => evaluate(alert, parts)))
    if (due.length < AT_ONCE) return
  }
}

async function evaluate(alert: DueAlert, parts: EvaluateParts): Promise<void> {
  const { store, counters, log, signal } = parts
  const now = new Date(parts.now())
  if (wasAway(alert, now)) return store.postpone(alert, now, new Date(now.getTime() + SETTLE_MS))
  let found: Looked
  try {
    found = await look(alert, parts, now)
  } catch (error) {
    // The alert is looked at again when the claim has run out, by this process or by another one.
    if (signal?.aborted) return
    log.warn({ err: error, alert: alert.id, resource: alert.resource.id }, 'an alert could not be looked at')
    found = { ...UNDECIDED, error: 'the lines could not be counted' }
  }
  const tell = await store.record(alert, {
    now,
    dueAt: new Date(now.getTime() + evaluatedEveryMs(alert.condition)),
    step: (standing) => step(standing, found.verdict, now),
    error: found.error,
    contentOf: (kind) => contentOf(kind, alert, found),
  })
  counters.evaluated++
  if (found.verdict === 'unknown') counters.undecided++
  if (tell === 'fired') counters.fired++
  if (tell === 'recovered') counters.recovered++
  if (tell) log.info({ alert: alert.id, resource: alert.resource.id, tell }, 'an alert changed')
}

function wasAway({ evaluatedAt, condition }: DueAlert, now: Date): boolean {
  if (evaluatedAt === null) return false
  return now.getTime() - evaluatedAt.getTime() > evaluatedEveryMs(condition) * MISSED_TURNS
}

interface Looked {
  verdict: Verdict
  counts: Counts | null
  window: { from: Date; to: Date } | null
  examples: MessageContent['examples']
  error: string | null
}

const UNDECIDED: Looked = { verdict: 'unknown', counts: null, window: null, examples: [], error: null }

async function look(alert: DueAlert, parts: EvaluateParts, now: Date): Promise<Looked> {
  const { condition, resource } = alert
  const window = windowOf(condition, now)
  const apps = await parts.appNames(resource.number)
  const asked = { resourceNumber: resource.number, apps, ...signalOf(parts) }
  const query = parse(alert.q).query
  const ofQuery = parse(condition.kind === 'ratio' ? condition.ofQ : '').query
  const effort = { lines: enoughLines(condition), ms: COUNT_MS }
  const walking: Walking = { ...asked, ...window, search: query, effort }
  const counts: Counts =
    condition.kind === 'ratio'
      ? await countRatio(query, { ...walking, search: ofQuery }, parts)
      : { lines: await countMatches(parts.logs, walking) }
  const judged = judge(condition, counts)
  const isEarly = judged === 'holds' && !isWatchedLongEnough(condition, alert.watchedSince, now)
  const verdict = isEarly ? 'unknown' : judged
  const wantsExamples = verdict === 'holds' && !alert.announced && counts.lines.lines > 0
  const newest = wantsExamples
    ? await parts.logs.read({
        ...asked,
        search: between(and([query, ofQuery].filter(isSome)), window.from, window.to),
        limit: EXAMPLES,
      })
    : { lines: [] }
  return {
    verdict,
    counts,
    window,
    examples: newest.lines
      .slice(0, EXAMPLES)
      .map(({ sentAt, process, message }) => ({ sentAt, process, message: analysed(message) })),
    error:
      verdict === 'unknown' && !isEarly
        ? 'there are too many lines to count in time; narrow the search or shorten its time'
        : null,
  }
}

function isSome({ kind }: Query): boolean {
  return kind !== 'everything'
}

/** In one walk, so that both are of the same lines. */
async function countRatio(query: Query, ofWalking: Walking, { logs }: EvaluateParts): Promise<Counts> {
  let lines = 0
  const { lines: ofLines, countedTo } = await walkLines(logs, ofWalking, (line) => {
    if (matches(query, searched(line, ofWalking.apps))) lines++
  })
  const complete = countedTo === null
  return { lines: { lines, complete }, of: { lines: ofLines, complete } }
}

function contentOf(
  kind: 'fired' | 'recovered',
  { id, name, q, condition, resource }: DueAlert,
  { counts, window, examples }: Looked,
): MessageContent {
  return {
    kind,
    alert: { id, name, q, condition },
    resource: { id: resource.id, name: resource.name },
    window: window && { from: window.from.toISOString(), to: window.to.toISOString() },
    lines: counts?.lines.lines ?? 0,
    isAll: counts?.lines.complete ?? false,
    ofLines: counts?.of?.lines ?? null,
    examples: kind === 'fired' ? examples : [],
  }
}

function signalOf({ signal }: EvaluateParts): { signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
