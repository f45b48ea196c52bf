// Checks the form of addresses that customers configure. Pure; outbound.ts checks where a name leads when it is called.
import { isIP } from 'node:net'
import { OutboundError } from './outbound-error.ts'
import { isPublicAddress } from './public-address.ts'

export interface TargetRules {
  /** For development and tests: plain http and private addresses. */
  allowInside: boolean
}

const MAX_CHARACTERS = 2_000
/** Names that are private by definition, whatever a resolver says (RFC 6761, RFC 6762, RFC 8375). */
const INSIDE_NAMES = /(?:^|\.)(?:localhost|local|internal|home\.arpa)$/

/**
 * Parses a callable address. WHATWG's URL normalises every spelling of an IPv4 address (decimal, octal, hex, short) before
 * the check.
 *
 * @throws OutboundError invalid_url, refused_address; its sentence is for the person who typed the address
 */
export function readTargetUrl(text: string, { allowInside }: TargetRules): URL {
  const url = text.length <= MAX_CHARACTERS && URL.canParse(text) ? new URL(text) : null
  const isHttp = url?.protocol === 'https:' || (allowInside && url?.protocol === 'http:')
  if (url === null || !isHttp || url.hostname === '') {
    throw new OutboundError('invalid_url', 'this is not an https address')
  }
  if (allowInside) return url
  const host = hostOf(url)
  const isInside = isIP(host) !== 0 ? !isPublicAddress(host) : isInsideName(host)
  if (isInside) throw new OutboundError('refused_address', `${host} is not a host on the public internet`)
  return url
}

/** Without the brackets of an IPv6 address. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/s, '$1')
}

/** A name without a dot belongs to the local network. */
function isInsideName(host: string): boolean {
  const name = host.toLowerCase().replace(/\.$/, '')
  return !name.includes('.') || INSIDE_NAMES.test(name)
}
