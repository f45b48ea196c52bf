// What sending counts.

export class EndpointCounters {
  sentLines = 0
  /** Requests that were taken. */
  posts = 0
  /** Requests that were not, by what came of them: a status, or why there was none. */
  postsFailed = new Map<string, number>()
  /** Longer than a frame may be: sent, and said so. */
  cutLines = 0
  /** Refused for good by the receiver, or waited for too long. */
  lostLines = 0

  failed(code: string): void {
    this.postsFailed.set(code, (this.postsFailed.get(code) ?? 0) + 1)
  }
}
