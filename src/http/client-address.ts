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
  if (!ipaddr.isValid(address)) return 'unknown'
  const parsed = ipaddr.process(address)
  return parsed instanceof ipaddr.IPv6
    ? parsed.parts.slice(0, IPV6_GROUPS).join(':')
    : parsed.toString()
}
