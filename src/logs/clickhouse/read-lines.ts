// Reads lines back: newest first, a page at a time, found by a query.
//
// The search walks back in time in steps that grow (pace.ts): ClickHouse returns the lines of a step that may match
// (../query/prefilter.ts), and `matches` decides. It ends when the page is full, when there are no more lines, or when it
// has taken long enough: then the page says how far it came, and the next one continues from there. What it takes:
// docs/growing.md.
//
// Steps are short because the engine inside this process does one thing at a time, and cannot be interrupted.
import type { Pool } from 'pg'
import { FoundLines, startOf } from '../found-lines.ts'
import type { Effort, LinePage, LineQuery } from '../log-store.ts'
import type { Place } from '../place.ts'
import { type ClickHouse, isTimeout } from './clickhouse.ts'
import { type LineRow, placeOf, toLine } from './line-rows.ts'
import { Pace, type Step } from './pace.ts'
import { readSeen } from './seen.ts'
import { type Candidates, type Start, type Stretch, Walk } from './walk.ts'

const FIRST_STEP_LINES = 1_000
/** It is the time that ends a search: how many lines were looked at is a matter of the indexes. */
const DEFAULT_EFFORT: Effort = { lines: Number.MAX_SAFE_INTEGER, ms: 1_000 }

export interface ReadParts {
  pool: Pool
  clickhouse: ClickHouse
}

/** @throws AppError invalid_params */
export async function readLines(parts: ReadParts, query: LineQuery): Promise<LinePage> {
  return (await readHistory(parts, query)).page
}

/** A page as of one moment, and the snapshot that says which moment: what is committed later is in no part of it. */
export async function readHistory(
  { pool, clickhouse }: ReadParts,
  query: LineQuery,
): Promise<{ page: LinePage; snapshot: string }> {
  const start = startOf(query)
  query.signal?.throwIfAborted()
  const seen = await readSeen(pool, query.resourceNumber)
  return { page: await search(new Walk(clickhouse, seen, query), query, start), snapshot: seen.snapshot }
}

async function search(walk: Walk, query: LineQuery, place: Place | null): Promise<LinePage> {
  const { effort = DEFAULT_EFFORT, limit, signal } = query
  const found = new FoundLines(query, effort, { placeOf, toLine })
  const firstLines = query.search.kind === 'everything' ? limit : Math.min(FIRST_STEP_LINES, effort.lines)
  const pace = new Pace(firstLines, walk.isSparse)
  let start: Start | null = place && { ...place, isIncluded: query.including === true }
  let looked = 0
  for (;;) {
    signal?.throwIfAborted()
    const startedAt = performance.now()
    const step = pace.next(effort.lines - looked)
    const { first, end } =
      step.by === 'time' && start !== null
        ? { first: start, end: await walk.timeEnd(start, step.length) }
        : await walk.lines(start, step.length)
    const { outcome, at } = await takeStep(walk, found, { start, end }, step)
    if (outcome === 'page ends') return found.page(found.isComplete ? null : at)
    if (outcome === 'walked') {
      if (end === null) return found.page(null)
      looked += step.lines
      if (looked >= effort.lines || found.isFull) return found.page(end)
      const micros = first === null ? 0 : Math.abs(end.sentAt - first.sentAt)
      pace.went(step, performance.now() - startedAt, micros)
      start = { ...end, isIncluded: false }
    } else {
      pace.gaveUp(step)
      start = at
    }
    if (found.msLeft <= 0) return found.page(start)
  }
}

interface Taken {
  outcome: 'walked' | 'page ends' | 'given up'
  /** How far it came where it is not walked to its end. */
  at: Start | null
}

/** Takes what matches on a stretch, some at a time where it is much. */
async function takeStep(
  walk: Walk,
  found: FoundLines<LineRow>,
  { start, end }: Stretch,
  { giveUpMs }: Step,
): Promise<Taken> {
  for (let at = start; ; ) {
    let candidates: Candidates
    try {
      candidates = await walk.candidates({ start: at, end }, giveUpMs)
    } catch (error) {
      if (giveUpMs === undefined || !isTimeout(error)) throw error
      return { outcome: 'given up', at }
    }
    const { rows, last, isMore } = candidates
    const taken = await found.take(rows)
    const isAll = taken === rows.length
    const came = isAll ? last : placeOf(rows[taken - 1] as LineRow)
    if (came) at = { ...came, isIncluded: false }
    if (!isAll || found.isComplete) return { outcome: 'page ends', at }
    if (!isMore) return { outcome: 'walked', at }
    if (found.isFull || found.msLeft <= 0) return { outcome: 'page ends', at }
  }
}
