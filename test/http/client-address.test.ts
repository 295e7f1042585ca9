// Which addresses count as one client.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientOf } from '../../src/http/client-address.ts'

describe('an IPv4 address', () => {
  test.each(['1.2.3.4', '0.0.0.0', '255.255.255.255'])('%s is a client', (address) => {
    expect(clientOf(address)).toBe(address)
  })

  test.each(['::ffff:1.2.3.4', '::FFFF:1.2.3.4', '::ffff:102:304', '0:0:0:0:0:ffff:102:304'])(
    'is the same client in the IPv6 form %s',
    (address) => {
      expect(clientOf(address)).toBe('1.2.3.4')
    },
  )

  test('is another client than its neighbour', () => {
    expect(clientOf('1.2.3.4')).not.toBe(clientOf('1.2.3.5'))
  })
})

describe('an IPv6 address', () => {
  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0000:0000:0000:0001'],
    ['2001:db8::', '2001:db8:0:0:1::'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['::1', '::'],
    ['64:ff9b::1.2.3.4', '64:ff9b::5.6.7.8'],
  ])('counts as its network of 64 bits: %s is the client of %s', (one, other) => {
    expect(clientOf(one)).toBe(clientOf(other))
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8:1:2::1', '2001:db8:1:20::1'],
    ['2001:db8:11:2::1', '2001:db8:1:12::1'],
    ['::1', '::1:0:0:0:1'],
  ])('is another client in another network: %s and %s', (one, other) => {
    expect(clientOf(one)).not.toBe(clientOf(other))
  })

  test('shares its client with all of its network and with nobody else', () => {
    const group = fc.integer({ min: 0, max: 0xffff })
    const network = fc.tuple(group, group, group, group)
    const written = (groups: readonly number[]) =>
      groups.map((value) => value.toString(16)).join(':')
    fc.assert(
      fc.property(network, network, network, network, (a, b, hostA, hostB) => {
        const isOne = a.join() === b.join()
        const clients = [clientOf(written([...a, ...hostA])), clientOf(written([...b, ...hostB]))]
        expect(clients[0] === clients[1]).toBe(isOne)
        expect(clientOf(written([...a, ...hostB]))).toBe(clients[0])
      }),
    )
  })
})

test.each([
  ['1.2.3.4:80', '1.2.3.4'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
])('a port, as some gateways write it, makes no other client of %s', (written, address) => {
  expect(clientOf(written)).toBe(clientOf(address))
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
    expect(clientOf(garbage)).toBe('unknown')
  })

  test('never throws, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (garbage) => {
        expect(clientOf(garbage)).toBeTypeOf('string')
      }),
    )
  })
})
