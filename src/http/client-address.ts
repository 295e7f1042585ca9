// Who counts as one client: an IPv4 address, or an IPv6 network of 64 bits.

import { isIPv4 } from 'node:net'
import ipaddr from 'ipaddr.js'

const IPV6_GROUPS = 4

/**
 * Names the client that limits count.
 *
 * @param address as the socket or a trusted proxy gives it; anything else is a client of its own
 */
export function clientOf(address: string): string {
  if (isIPv4(address)) return address
  // Some gateways write the port along: 192.0.2.1:4711, [2001:db8::1]:4711.
  const bare = address.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^([\d.]+):\d+$/, '$1')
  if (bare !== address) return clientOf(bare)
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts.slice(0, IPV6_GROUPS).join(':')
    : parsed.toString()
}
