// Counters of the Heroku module; each is the metric `culvert_heroku_<name>_total`.

export class HerokuCounters {
  grantsExchanged = 0
  grantTriesFailed = 0
  /** Grants that expired before the exchange: no API call is possible for their resources. */
  grantsLost = 0
  /** Grants that Heroku gave later, for resources that had no tokens. */
  grantsBackfilled = 0
  tokensRefreshed = 0
  refreshesFailed = 0
  /** Drain lists requested, and failed. */
  listings = 0
  listingsFailed = 0
  /** Found by the lists. */
  drainsLearned = 0
  appsRenamed = 0
  drainsDetached = 0
  /** Lines written into apps' logs, and lines dropped, by reason. */
  logInputLines = 0
  readonly logInputDropped = new Map<string, number>()
  /** Asynchronous provisions that were completed, or aborted, at Heroku. */
  provisionsCompleted = 0
  provisionsAborted = 0
  /** Failed tries of provision steps. */
  provisionTriesFailed = 0
  /** Provisions reported to the operator. */
  provisionsOverdue = 0
  webhooksSubscribed = 0
  /** Webhook deliveries: new, repeated, with a wrong signature, signed but unreadable. */
  webhooksTaken = 0
  webhooksRepeated = 0
  webhooksRefused = 0
  webhooksUnreadable = 0
  /** Resources whose name or plan had changed at Heroku without a call to us. */
  addonsFollowed = 0
}
