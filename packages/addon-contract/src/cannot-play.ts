// Why an area of the contract could not be played.

/** Thrown by a play that cannot continue, usually because no resource could be provisioned. */
export class CannotPlay extends Error {
  override name = 'CannotPlay'
}

/** The add-on does not use what the area is about: it takes no logs, or does not subscribe to webhooks. */
export class NothingToPlay extends CannotPlay {
  override name = 'NothingToPlay'
}
