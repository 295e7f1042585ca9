// Reads where pages are that people open, and the origins that browsers and the shells of apps send.
// Each throws TypeError with what the value must be, never with the value.

import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { isOneTypingErrorAway } from '../core/typing-error.ts'
import { isLocal, parseUrl, parseWebUrl } from './values.ts'

/** They mean something to browsers, mail programs or systems, so they are no application's own. */
const TAKEN_SCHEMES = `
  about blob cid content data dns facetime file filesystem ftp ftps geo git gopher imap intent irc
  jar javascript ldap ldaps livescript magnet mailto maps market mid mocha news nntp postgres
  postgresql redis resource sftp sip sips sms smsto smtp smtps ssh tel telnet urn vbscript
  view-source ws wss xmpp`
  .trim()
  .split(/\s+/)
const PRIVATE = ['private', 'uniqueLocal', 'linkLocal']

/** A page for people: https, http on localhost, or within an application that has a scheme of its own. */
export function parsePageUrl(value: string): URL {
  const url = parseUrl(value)
  return isOfApp(url) ? url : parseWebUrl(value)
}

/** Says whether a URL has a scheme that can only be an application's own. */
export function isOfApp({ protocol }: URL): boolean {
  const scheme = protocol.slice(0, -1)
  const isMeantForWeb = ['http', 'https'].some((web) => isOneTypingErrorAway(scheme, web))
  return scheme.length > 1 && !isMeantForWeb && !TAKEN_SCHEMES.includes(scheme)
}

/** What a page of this URL sends as its origin. Those of app shells are scheme and host, too. */
export function originOf(url: URL): string {
  return isOfApp(url) ? `${url.protocol}//${url.host}` : url.origin
}

/** One exact origin, as a browser or the shell of an app writes it. */
export function parseOrigin(value: string): string {
  const origin = value.replace(/\/$/, '')
  const url = URL.canParse(value) ? new URL(value) : undefined
  const isExact = url && originOf(url) === origin && /^[^*]+$/.test(url.hostname)
  const isKnown =
    url &&
    (url.protocol === 'https:' ||
      isOfApp(url) ||
      (url.protocol === 'http:' && (isLocal(url.hostname) || isPrivateOrigin(origin))))
  if (!isExact || !isKnown) {
    throw new TypeError(
      'must be exact origins as browsers send them, such as https://app.example or capacitor://localhost: no *, no path, http on localhost and private addresses only',
    )
  }
  return origin
}

/** Says whether an origin is http on a private address, where anybody on the way can change its pages. */
export function isPrivateOrigin(origin: string): boolean {
  const { protocol, hostname } = new URL(origin)
  const address = hostname.replace(/^\[|\]$/g, '')
  return (
    protocol === 'http:' && isIP(address) !== 0 && PRIVATE.includes(ipaddr.process(address).range())
  )
}
