// Why an area of the contract could not be played.

/** Thrown by a play that has nothing to go on with: there was no resource to try anything on. */
export class CannotPlay extends Error {
  override name = 'CannotPlay'
}

/** The same, where that is the add-on's right: it takes no logs, or subscribes to no webhooks. */
export class NothingToPlay extends CannotPlay {
  override name = 'NothingToPlay'
}
