// Reads the values whose form a schema cannot say: URLs, proxies, paths, times, secrets, names.
// Each throws TypeError with what the value must be, never with the value.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import type { DatabaseAddress } from '../core/database-url.ts'
import { deriveKeys, type KeyRing } from '../core/key-ring.ts'
import type { SmtpServer } from '../mail/transports/smtp.ts'

const SQL_NAME = /^(?:"((?:[^"\0]|"")+)"|([^".\0]+))(?:\.(?:"((?:[^"\0]|"")+)"|([^".\0]+)))?$/
const MAX_SQL_NAME_BYTES = 63
const ABSOLUTE_URL = /^[a-z][a-z0-9+.-]*:\/[^\s\p{Cc}\\]+$/iu
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/

/** A page of the web: https, or http on localhost; no credentials. */
export function parseWebUrl(value: string): URL {
  const url = parseUrl(value)
  const isHttp = url.protocol === 'http:' && isLocal(url.hostname)
  if ((url.protocol !== 'https:' && !isHttp) || !/^https?:\/\//i.test(value)) {
    throw new TypeError('must be an https URL, or http on localhost')
  }
  return url
}

/** Where something is fetched from or posted to: https, or http on this machine; no credentials. */
export function parseEndpointUrl(value: string): URL {
  const url = parseWebUrl(value)
  if (url.hash) throw new TypeError('must have no fragment')
  // Other names under `localhost` are looked up in DNS, which could then say who is asked.
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new TypeError('must be an https URL, or http on a loopback address')
  }
  return url
}

/** The base of a provider's API: an endpoint without a query. @returns no trailing slash */
export function parseProviderUrl(value: string): string {
  const url = parseEndpointUrl(value)
  if (url.search) throw new TypeError('must have no query')
  return url.href.replace(/\/+$/, '')
}

/** A mail server, with credentials or without. */
export function parseSmtpUrl(value: string): SmtpServer {
  // The parser drops some blanks in silence.
  const url = /^[\x21-\x7e]+$/.test(value) && URL.canParse(value) ? new URL(value) : undefined
  const isServer =
    url &&
    /^smtps?:$/.test(url.protocol) &&
    /^[^%]+$/.test(url.hostname) &&
    url.port !== '0' &&
    /^\/?$/.test(url.pathname) &&
    !url.search &&
    !url.hash &&
    (url.username === '') === (url.password === '')
  if (!isServer) {
    throw new TypeError('must be a URL such as smtp://user:password@mail.example:587')
  }
  const secure = url.protocol === 'smtps:'
  // The parser leaves the host of a scheme it does not know as it was typed.
  const named = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  // Without TLS the name is all that says who is asked, and it may be looked up in DNS.
  const host = named === 'localhost' && !secure ? '127.0.0.1' : named
  return {
    host,
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    isLoopback: isLoopback(host),
    auth: url.username
      ? { user: decodeCredential(url.username), pass: decodeCredential(url.password) }
      : undefined,
  }
}

function decodeCredential(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('must have a % in a name or password written as %25')
  }
}

/** A proxy's address or CIDR. */
export function parseProxy(value: string): string {
  const [address = '', bits] = value.split('/')
  // A network of all addresses would let anybody forward, and Fastify does not take it.
  const isCidr = bits === undefined || (ipaddr.isValidCIDR(value) && Number(bits) > 0)
  if (isIP(address) === 0 || !isCidr) {
    throw new TypeError('must be addresses or CIDRs such as 10.0.0.0/8; no hop counts, no names')
  }
  const parsed = ipaddr.parse(address)
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress()) {
    throw new TypeError('must name IPv4 proxies in IPv4 form, not as ::ffff:')
  }
  return value
}

/** `/path`, or nothing for the root. @returns no trailing slash */
export function parseBasePath(value: string): string {
  // No client sends a segment of dots as it is.
  if (!/^\/(?:[\w.~-]+\/)*[\w.~-]*$/.test(value) || /\/\.\.?(?:\/|$)/.test(value)) {
    throw new TypeError('must be a path such as /api/v1/accounts')
  }
  return value.replace(/\/$/, '')
}

/** @returns unix seconds; 0 when there is no such time */
export function parseTime(value: string | undefined): number {
  if (value === undefined) return 0
  const time = RFC_3339.test(value) ? Date.parse(value) : Number.NaN
  const day = value.slice(0, 10)
  // Date.parse takes 30 February for 2 March.
  if (Number.isNaN(time) || !new Date(day).toISOString().startsWith(day)) {
    throw new TypeError('must be a time such as 2026-01-31T12:00:00Z')
  }
  return Math.floor(time / 1000)
}

export function parseSecrets(secrets: readonly string[]): KeyRing {
  const [first, ...others] = secrets.map(deriveKeys)
  if (!first) throw new TypeError('is required')
  return [first, ...others]
}

/** `table` or `schema.table`; a part with a dot in its name stands in double quotes. */
export function parseTable(value: string): { schema: string | undefined; table: string } {
  const match = SQL_NAME.exec(value)
  if (!match) throw new TypeError('must be a table, or schema.table')
  const first = match[1]?.replaceAll('""', '"') ?? match[2] ?? ''
  const second = match[3]?.replaceAll('""', '"') ?? match[4]
  const named =
    second === undefined ? { schema: undefined, table: first } : { schema: first, table: second }
  for (const part of [first, second ?? '']) checkSqlName(part)
  return named
}

/** PostgreSQL would cut a longer name in silence and then find another column. */
export function checkSqlName(name: string): void {
  if (Buffer.byteLength(name) > MAX_SQL_NAME_BYTES || name.includes('\0')) {
    throw new TypeError(`must be a name of at most ${MAX_SQL_NAME_BYTES} bytes`)
  }
}

/** A name that only this machine answers to. */
export function isLocal(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopback(hostname)
}

/** Whether every server of a connection string is on this machine. */
export function isLocalDatabase({ hosts }: Pick<DatabaseAddress, 'hosts'>): boolean {
  return hosts.every(({ host = 'localhost' }) => host.startsWith('/') || isLocal(host))
}

export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '')
  return (
    host === 'localhost' || (isIP(address) !== 0 && ipaddr.process(address).range() === 'loopback')
  )
}

/** An absolute URL of any scheme, without credentials. */
export function parseUrl(value: string): URL {
  // The parser forgives what a mail program does not: a link is mailed as it is written here.
  if (!ABSOLUTE_URL.test(value) || !URL.canParse(value)) {
    throw new TypeError('must be an absolute URL without blanks')
  }
  const url = new URL(value)
  if (url.username || url.password) throw new TypeError('must have no user name and password')
  return url
}
