// What the room counts, in plain numbers; each is a metric `culvert_heroku_<name>_total`.

export class HerokuCounters {
  grantsExchanged = 0
  grantTriesFailed = 0
  /** Grants that died first: their resources can never be asked about. */
  grantsLost = 0
  /** Grants that Heroku gave later, for resources that had no tokens. */
  grantsBackfilled = 0
  tokensRefreshed = 0
  refreshesFailed = 0
  /** Lists of drains that were asked for, and those that did not come. */
  listings = 0
  listingsFailed = 0
  /** What the lists taught us. */
  drainsLearned = 0
  appsRenamed = 0
  drainsDetached = 0
  /** Lines that we wrote into apps' logs, and those that we could not write, by reason. */
  logInputLines = 0
  readonly logInputDropped = new Map<string, number>()
  /** Asynchronous provisions that Heroku was told are completed, or given up. */
  provisionsCompleted = 0
  provisionsAborted = 0
  /** Steps of any provision that failed, each time. */
  provisionTriesFailed = 0
  /** Provisions that the operator was told of. */
  provisionsOverdue = 0
  webhooksSubscribed = 0
  /** Deliveries of webhooks: new, come again, not signed as agreed, signed and not understood. */
  webhooksTaken = 0
  webhooksRepeated = 0
  webhooksRefused = 0
  webhooksUnreadable = 0
  /** Resources that were renamed or whose plan had changed without our knowing. */
  addonsFollowed = 0
}
