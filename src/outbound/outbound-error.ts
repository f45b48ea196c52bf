/**
 * invalid_url: not an address that may be called. refused_address: it leads inside. unreachable: name, network or TLS.
 * timeout: no whole answer in time. redirected: an answer that points elsewhere. too_large: an answer without end.
 */
export type OutboundFailure =
  | 'invalid_url'
  | 'refused_address'
  | 'unreachable'
  | 'timeout'
  | 'redirected'
  | 'too_large'

/** A call that got no answer to speak of. The message names the host at most: path, query and password are secrets. */
export class OutboundError extends Error {
  readonly failure: OutboundFailure

  constructor(failure: OutboundFailure, message: string) {
    super(message)
    this.name = 'OutboundError'
    this.failure = failure
  }
}
