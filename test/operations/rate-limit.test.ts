import { describe, expect, it } from 'vitest'
import { clientOf, RateLimit } from '../../src/operations/rate-limit.ts'

function limitOf(limit: number) {
  const clock = { now: 0 }
  return { clock, limit: new RateLimit(limit, () => clock.now) }
}

describe('a rate limit', () => {
  it('lets a client try so many times in a minute, and tells how long to wait for the next', () => {
    const { clock, limit } = limitOf(2)
    limit.count('192.0.2.1')
    clock.now = 20_000
    expect(limit.secondsToWait('192.0.2.1')).toBe(0)
    limit.count('192.0.2.1')
    expect(limit.secondsToWait('192.0.2.1')).toBe(40)
    expect(limit.secondsToWait('192.0.2.2')).toBe(0)
    clock.now = 60_000
    expect(limit.secondsToWait('192.0.2.1')).toBe(0)
  })

  it('remembers a bounded number of clients, and forgets the one it has known longest', () => {
    const { limit } = limitOf(1)
    for (let i = 0; i < 12_000; i++) limit.count(`client ${i}`)
    expect(limit.clients).toBe(10_000)
    expect(limit.secondsToWait('client 0')).toBe(0)
    expect(limit.secondsToWait('client 11999')).toBe(60)
  })
})

it('takes the addresses of one IPv6 network for one client, and an IPv4 address for itself however written', () => {
  const f = (address: string, client: string) => expect(clientOf(address)).toBe(client)
  f('192.0.2.1', '192.0.2.1')
  f('::ffff:192.0.2.1', '192.0.2.1')
  f('2001:db8:1:2::1', '2001:db8:1:2::/64')
  f('2001:DB8:1:2:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64')
  f('2001:0db8::1', '2001:db8:0:0::/64')
  f('::1', '0:0:0:0::/64')
  f('fe80::1%eth0', 'fe80:0:0:0::/64')
  f('x'.repeat(1_000), 'x'.repeat(45))
})
