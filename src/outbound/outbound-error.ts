/**
 * invalid_url: not a callable address. refused_address: it leads into a private network. unreachable: name, network or TLS.
 * timeout: no complete answer in time. redirected: the answer is a redirect. too_large: the answer exceeds the limit.
 */
export type OutboundFailure =
  | 'invalid_url'
  | 'refused_address'
  | 'unreachable'
  | 'timeout'
  | 'redirected'
  | 'too_large'

/** A call without a usable answer. The message names the host at most: path, query and password are secrets. */
export class OutboundError extends Error {
  readonly failure: OutboundFailure

  constructor(failure: OutboundFailure, message: string) {
    super(message)
    this.name = 'OutboundError'
    this.failure = failure
  }
}
