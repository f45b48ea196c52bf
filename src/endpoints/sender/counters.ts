// Counters of the sender.

export class EndpointCounters {
  sentLines = 0
  /** Accepted requests. */
  posts = 0
  /** Failed requests by status, or by the reason why there was none. */
  postsFailed = new Map<string, number>()
  /** Lines cut to the longest frame; the line says so. */
  cutLines = 0
  /** Refused for good by the receiver, or expired. */
  lostLines = 0

  failed(code: string): void {
    this.postsFailed.set(code, (this.postsFailed.get(code) ?? 0) + 1)
  }
}
