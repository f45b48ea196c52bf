// What the room counts, in plain numbers; each is a metric `culvert_heroku_<name>_total`.

export class HerokuCounters {
  grantsExchanged = 0
  grantTriesFailed = 0
  /** Grants that died first: their resources can never be asked about. */
  grantsLost = 0
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
}
