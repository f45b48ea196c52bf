// Reading on, page by page, until the end or until the reader leaves: what searches, exports and counts are made of. Each
// page is a search of its own, so a long walk keeps no connection and no snapshot, and others get their turn in between.
import type { LinePage, LineQuery, LogStore } from '../logs/log-store.ts'

/** For the first page, so that there is something to show at once, and for the longest. */
const FIRST_MS = 100
const LONGEST_MS = 1_000
const LOOKED_AT = 5_000_000

export type WalkQuery = Omit<LineQuery, 'effort' | 'after' | 'including' | 'signal'>

/** From the newest, or from `before`, to the oldest; with `oldestFirst` the other way. Lines of a page are newest first. */
export async function* walk(
  logs: Pick<LogStore, 'read'>,
  query: WalkQuery,
  signal: AbortSignal,
): AsyncGenerator<LinePage> {
  let place: Pick<LineQuery, 'before' | 'after' | 'oldestFirst'> =
    query.before === undefined ? {} : { before: query.before }
  for (let ms = FIRST_MS; ; ms = Math.min(ms * 2, LONGEST_MS)) {
    const page = await logs.read({ ...query, ...place, effort: { lines: LOOKED_AT, ms }, signal })
    yield page
    const next = query.oldestFirst ? page.newer : page.older
    const isLast = page.searchedTo === null && page.lines.length < query.limit
    if (next === null || isLast) return
    place = query.oldestFirst ? { after: next, oldestFirst: false } : { before: next }
  }
}

/** How far back a page of a walk came: no line from there on is missing. Null at the end. */
export function reached({ lines, searchedTo, older }: LinePage): string | null {
  return searchedTo ?? (older === null ? null : (lines.at(-1)?.sentAt ?? null))
}
