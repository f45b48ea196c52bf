// Whether an IP address is public. Others lead to this machine, its network, or the cloud's metadata service. Pure.
import ipaddr from 'ipaddr.js'

/** Azure's wire server: private, although its number looks public. */
const INSIDE_ALL_THE_SAME = ['168.63.129.16']
/** Global unicast IPv6 (RFC 4291); the rest is local, special or unassigned. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3]
/** NAT64: the last four bytes are the destination's IPv4 address (RFC 6052). */
const NAT64: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('64:ff9b::'), 96]

/** @param text as dns.lookup() or a URL has it; unreadable text is not public */
export function isPublicAddress(text: string): boolean {
  const bare = text.replace(/^\[(.*)\]$/s, '$1')
  // A zone (fe80::1%eth0) names an interface of this machine.
  if (bare.includes('%') || !ipaddr.isValid(bare)) return false
  const address = ipaddr.parse(bare)
  return address.kind() === 'ipv4'
    ? isPublicIpv4(address as ipaddr.IPv4)
    : isPublicIpv6(address as ipaddr.IPv6)
}

function isPublicIpv4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !INSIDE_ALL_THE_SAME.includes(address.toString())
}

function isPublicIpv6(address: ipaddr.IPv6): boolean {
  if (address.isIPv4MappedAddress()) return isPublicIpv4(address.toIPv4Address())
  if (address.match(NAT64)) return isPublicIpv4(new ipaddr.IPv4(address.toByteArray().slice(-4)))
  // 6to4 and Teredo, which embed an IPv4 address too, are not "unicast" and out of use.
  return address.range() === 'unicast' && address.match(GLOBAL_UNICAST)
}
