// What is stored of a resource, for a reader who must not miss a line and may be away for a while: each line at least
// once, in the order of storing. Whoever reads says what is done with.
import type { LogLine } from '../logplex/framed-line.ts'

export interface FeedPage {
  /** In the order of storing, and as received where they were stored together. Fewer than told where lines are gone. */
  lines: LogLine[]
  /** What the lines are of, oldest first. */
  items: readonly FeedItem[]
  /** False where nothing else waited when this was read. */
  isMore: boolean
}

export interface FeedItem {
  id: string
  /** How many lines of the page there are up to its last one: with these it is done. */
  end: number
}

/** What waits in a feed. */
export interface FeedState {
  lines: number
  /** Milliseconds since 1970; null where nothing waits. */
  oldestAt: number | null
}

export interface LineFeeds {
  /**
   * The next lines of each feed, about so many of all of them together, but something of each. A feed in which nothing
   * waits has no page.
   */
  next(feedIds: readonly string[], lines: number): Promise<Map<string, FeedPage>>
  /** Ids of feeds in which something waits. */
  waiting(): Promise<string[]>
  state(feedIds: readonly string[]): Promise<Map<string, FeedState>>
  /** Gives up what was stored earlier, and answers how many lines of which feed that were. */
  giveUp(before: Date): Promise<Map<string, number>>
}
