// What is stored of a resource, for a reader who must not miss a line and may be away for a while: each line at least
// once, in the order of storing. Whoever reads says what is done with.
import type { LogLine } from './line.ts'

export interface FeedPage {
  /** In the order of storing, and as received where they were stored together. Fewer than told where lines are gone. */
  lines: LogLine[]
  /** Pass to `done`. */
  items: readonly string[]
  /** When the first of it was stored, in milliseconds since 1970. */
  storedAt: number
  /** False where nothing else waited when this was read. */
  isMore: boolean
}

/** What waits in a feed. */
export interface FeedState {
  lines: number
  /** Milliseconds since 1970; null where nothing waits. */
  oldestAt: number | null
}

export interface LineFeeds {
  /** The next lines, about so many; null where nothing waits. */
  next(feedId: string, lines: number): Promise<FeedPage | null>
  done(items: readonly string[]): Promise<void>
  /** Ids of feeds in which something waits. */
  waiting(): Promise<string[]>
  state(feedIds: readonly string[]): Promise<Map<string, FeedState>>
  /** Gives up what was stored earlier, and answers how many lines of which feed that were. */
  giveUp(before: Date): Promise<Map<string, number>>
}
