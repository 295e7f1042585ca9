// From where a request came, and who counts as one client.

import { isIP, isIPv4, isIPv6 } from 'node:net'
import type { FastifyRequest } from 'fastify'
import ipaddr from 'ipaddr.js'

const NETWORK_GROUPS = 4

/**
 * Makes the rule of which peers and hops may say for whom they forward.
 *
 * @param proxies addresses and CIDRs
 * @returns Fastify's `trustProxy`; takes an address as a hop may write it, and undefined
 */
export function trustOnly(proxies: readonly string[]): (hop: string | undefined) => boolean {
  const networks = proxies.map((proxy) => {
    const [address = '', bits] = proxy.split('/')
    const parsed = ipaddr.parse(address)
    return { parsed, bits: Number(bits ?? parsed.toByteArray().length * 8) }
  })
  return (hop) => {
    const address = readAddress(hop)
    if (address === undefined) return false
    const hopAddress = ipaddr.parse(address)
    return networks.some(
      ({ parsed, bits }) => parsed.kind() === hopAddress.kind() && hopAddress.match(parsed, bits),
    )
  }
}

/**
 * Finds the address of the client: the peer's, or what trusted hops say. Where a hop says something that
 * is no address, the client has the address of that hop.
 *
 * @returns undefined where the peer is gone
 */
export function addressOf(request: FastifyRequest): string | undefined {
  const { ips } = request
  if (!ips) return readAddress(request.ip)
  return readAddress(ips.at(-1)) ?? readAddress(ips.at(-2))
}

/** Names the client that a request counts for, whether by a limit or in the turns of mails. */
export function nameClient(request: FastifyRequest): string {
  return clientOf(addressOf(request))
}

/**
 * Reads an address as sockets and gateways write it: perhaps with a port (`192.0.2.1:4711`,
 * `[2001:db8::1]:4711`), in brackets, or with a zone.
 *
 * @returns its one spelling, an IPv4 address in IPv6 form as IPv4; undefined for anything else
 */
export function readAddress(text: string | undefined): string | undefined {
  if (text === undefined || isIPv4(text)) return text
  const bare = text.replace(/^\[([^\]]*)\](?::\d+)?$/, '$1').replace(/^(.*\.\d+):\d+$/, '$1')
  const [address = ''] = isIPv6(bare) ? bare.split('%') : [bare]
  return isIP(address) === 0 ? undefined : ipaddr.process(address).toString()
}

/**
 * Names the client that limits count: an IPv4 address, or an IPv6 network of 64 bits. All whose address
 * is not known are one client.
 *
 * @param address in its one spelling
 */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return 'unknown'
  if (!address.includes(':')) return address
  const parsed = ipaddr.IPv6.parse(address)
  const { parts } = parsed
  // Where a network is many clients, or one client has many networks: by the IPv4 address within.
  switch (parsed.range()) {
    case 'rfc6145':
      return writeIPv4(parts[6], parts[7])
    case 'rfc6052':
      // Where a NAT64 has a prefix of its own (RFC 8215), only its operator knows where it puts that.
      return parts[2] === 0 ? writeIPv4(parts[6], parts[7]) : address
    case '6to4':
      return writeIPv4(parts[1], parts[2])
    case 'teredo':
      return writeIPv4(~Number(parts[6]), ~Number(parts[7]))
    default:
      return parts.slice(0, NETWORK_GROUPS).join(':')
  }
}

function writeIPv4(high = 0, low = 0): string {
  return [high >> 8, high, low >> 8, low].map((byte) => byte & 0xff).join('.')
}
