// What is stored of a resource, for a consumer that must not miss a line and may be away for a while: each line at least
// once, in the order of storing. The consumer acknowledges what it has finished.
import type { LogLine } from '../logplex/framed-line.ts'

export interface FeedPage {
  /** In the order of storing, then of receipt. Fewer than counted if lines were deleted meanwhile. */
  lines: LogLine[]
  /** The items of these lines, oldest first. */
  items: readonly FeedItem[]
  /** False if nothing else was waiting when this was read. */
  isMore: boolean
}

export interface FeedItem {
  id: string
  /** The item is finished after this many lines of the page. */
  end: number
}

/** The backlog of a feed. */
export interface FeedState {
  lines: number
  /** Milliseconds since 1970; null if nothing waits. */
  oldestAt: number | null
}

export interface LineFeeds {
  /**
   * The next lines of each feed: about `limit` in total, but at least one item of each. A feed without a backlog has no
   * page.
   */
  next(feedIds: readonly string[], lines: number): Promise<Map<string, FeedPage>>
  /** Ids of feeds with a backlog. */
  waiting(): Promise<string[]>
  state(feedIds: readonly string[]): Promise<Map<string, FeedState>>
  /** Expires older items. @returns how many lines of each feed */
  giveUp(before: Date): Promise<Map<string, number>>
}
