import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPublicAddress } from '../../src/outbound/public-address.ts'

describe('an address is public', () => {
  const f = (address: string, want: boolean) =>
    expect([address, isPublicAddress(address)]).toEqual([address, want])

  it('where the internet has it', () => {
    for (const address of ['1.1.1.1', '8.8.8.8', '151.101.1.69', '2606:4700:4700::1111', '[2a00:1450::8a]'])
      f(address, true)
  })

  it('not where it is this machine, its network or the cloud it runs in', () => {
    for (const address of [
      '0.0.0.0',
      '127.0.0.1',
      '127.255.255.254',
      '10.0.0.1',
      '172.16.0.1',
      '172.31.255.255',
      '192.168.1.1',
      '169.254.169.254', // metadata of AWS, GCP, Azure
      '168.63.129.16', // Azure's wire server
      '100.100.100.200', // metadata of Alibaba
      '100.64.0.1',
      '192.0.0.192', // metadata of Oracle
      '192.0.2.1',
      '198.18.0.1',
      '198.51.100.1',
      '203.0.113.1',
      '224.0.0.1',
      '255.255.255.255',
      '240.0.0.1',
      '::',
      '::1',
      'fe80::1',
      'fe80::1%eth0',
      'fec0::1',
      'fc00::1',
      'fd00:ec2::254', // metadata of AWS
      'ff02::1',
      '100::1',
      '2001:db8::1',
      '3fff::1',
      '5f00::1',
    ])
      f(address, false)
  })

  it('not where an IPv6 address stands for an IPv4 one that is not', () => {
    for (const prefix of ['::ffff:', '64:ff9b::']) {
      f(`${prefix}127.0.0.1`, false)
      f(`${prefix}a9fe:a9fe`, false)
      f(`${prefix}8.8.8.8`, true)
    }
    // Older ways of the same, which no host needs today.
    for (const address of ['::127.0.0.1', '::7f00:1', '::808:808', '::ffff:0:8.8.8.8', '64:ff9b:1::8.8.8.8'])
      f(address, false)
    for (const address of ['2002:7f00:1::', '2002:808:808::', '2001:0:7f00:1::']) f(address, false)
  })

  it('in whatever spelling it is written', () => {
    for (const address of ['2130706433', '0x7f000001', '017700000001', '0177.0.0.1', '127.1', '0x7f.1'])
      f(address, false)
  })

  it('never for what is no address', () => {
    for (const text of ['', 'localhost', 'example.com', '1.2.3.4.5', '::g', '1.1.1.1 ', '[', '%'])
      f(text, false)
    fc.assert(fc.property(fc.string(), (text) => typeof isPublicAddress(text) === 'boolean'))
  })

  it('in IPv4 and mapped into IPv6 alike', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(isPublicAddress(`::ffff:${address}`)).toBe(isPublicAddress(address))
      }),
    )
  })
})
