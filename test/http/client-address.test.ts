// Which addresses count as one client.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientOf, readAddress, trustOnly } from '../../src/http/client-address.ts'

const clientAt = (written: string) => clientOf(readAddress(written))

describe('an IPv4 address', () => {
  test.each(['1.2.3.4', '0.0.0.0', '255.255.255.255'])('%s is a client', (address) => {
    expect(clientAt(address)).toBe(address)
  })

  test.each(['::ffff:1.2.3.4', '::FFFF:1.2.3.4', '::ffff:102:304', '0:0:0:0:0:ffff:102:304'])(
    'is the same client in the IPv6 form %s',
    (address) => {
      expect(clientAt(address)).toBe('1.2.3.4')
    },
  )

  test('is another client than its neighbour', () => {
    expect(clientAt('1.2.3.4')).not.toBe(clientAt('1.2.3.5'))
  })
})

describe('an IPv6 address', () => {
  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0000:0000:0000:0001'],
    ['2001:db8::', '2001:db8:0:0:1::'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['::1', '::'],
    ['64:ff9c::1.2.3.4', '64:ff9c::5.6.7.8'],
  ])('counts as its network of 64 bits: %s is the client of %s', (one, other) => {
    expect(clientAt(one)).toBe(clientAt(other))
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8:1:2::1', '2001:db8:1:20::1'],
    ['2001:db8:11:2::1', '2001:db8:1:12::1'],
    ['::1', '::1:0:0:0:1'],
  ])('is another client in another network: %s and %s', (one, other) => {
    expect(clientAt(one)).not.toBe(clientAt(other))
  })

  test('shares its client with all of its network and with nobody else', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const network = fc.tuple(group, group, group, group)
    const written = (groups: readonly number[]) =>
      groups.map((value) => value.toString(16)).join(':')
    fc.assert(
      fc.property(network, network, network, network, (a, b, hostA, hostB) => {
        const isOne = a.join() === b.join()
        const clients = [clientAt(written([...a, ...hostA])), clientAt(written([...b, ...hostB]))]
        expect(clients[0] === clients[1]).toBe(isOne)
        expect(clientAt(written([...a, ...hostB]))).toBe(clients[0])
      }),
    )
  })
})

describe('an IPv4 address within an IPv6 address is the client, as by itself', () => {
  test.each([
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['::ffff:0:203.0.113.7', '203.0.113.7'],
    ['2002:cb00:7107::1', '203.0.113.7'],
    ['2002:cb00:7107:ffff:1:2:3:4', '203.0.113.7'],
    // The example of RFC 4380 section 4 writes the client's 192.0.2.45 with each bit inverted.
    ['2001:0:4136:e378:8000:63bf:3fff:fdd2', '192.0.2.45'],
  ])('%s', (address, within) => {
    expect(clientAt(address)).toBe(within)
  })

  test('or not alone, where only the operator of a NAT64 knows where it is', () => {
    const clients = ['64:ff9b:1::1.2.3.4', '64:ff9b:1::1.2.3.5', '64:ff9b:1:102:3:400::']
    expect(new Set(clients.map(clientAt)).size).toBe(3)
    expect(clientAt('64:ff9b:1::102:304')).toBe(clientAt('64:ff9b:1::1.2.3.4'))
  })
})

test.each([
  ['1.2.3.4:80', '1.2.3.4'],
  ['::ffff:1.2.3.4:80', '1.2.3.4'],
  ['[::ffff:1.2.3.4]:80', '1.2.3.4'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['[fe80::1%25eth0]:443', 'fe80::1'],
])('a port, as some gateways write it, makes no other client of %s', (written, address) => {
  expect(clientAt(written)).toBe(clientAt(address))
})

describe('a trusted hop', () => {
  const isTrusted = trustOnly(['10.0.0.0/8', '192.0.2.1', 'fd00::/8', '2001:db8::5'])

  test.each([
    '10.0.0.5',
    '10.255.255.255:8081',
    '::ffff:10.0.0.5',
    '[::ffff:a00:5]:8081',
    '192.0.2.1:1',
    'fd12::1',
    '[fd12::1]:443',
    'fd12::1%eth0',
    '2001:0DB8::0005',
  ])('is %s', (hop) => {
    expect(isTrusted(hop)).toBe(true)
  })

  test.each([
    '11.0.0.5',
    '192.0.2.2',
    'fe80::1',
    '64:ff9b::10.0.0.5',
    '2001:db8::6',
    '10',
    '10.0.0',
    '10.0.0.5:',
    '10.0.0.5:x',
    '10.0.0.5 10.0.0.5',
    '012.0.0.5',
    'for=10.0.0.5',
    '"10.0.0.5"',
    'localhost',
    '',
    undefined,
  ])('is not %j', (hop) => {
    expect(isTrusted(hop)).toBe(false)
  })
})

describe('what is no address', () => {
  test.each([
    '',
    ' ',
    'unknown',
    '_hidden',
    'evil.test',
    '1.2.3.4.5',
    '1.2.3.256',
    ' 1.2.3.4',
    '1.2.3.4, 5.6.7.8',
    '10.0.0.0/8',
    '2001:db8::1::2',
    '2001:db8::g',
    '::ffff:1.2.3.256',
    '\0',
    '__proto__',
    'x'.repeat(10_000),
  ])('is one client together: %j', (garbage) => {
    expect(clientAt(garbage)).toBe('unknown')
  })

  test('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(clientAt(garbage)).toBeTypeOf('string')
      }),
    )
  })
})
