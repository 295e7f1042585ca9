// What counts as an address, and when two spellings are one.

import { spellInAscii, spellInUnicode } from './ascii-domain.ts'

/** Most characters of an address (RFC 5321 section 4.5.3.1.3, less the brackets). */
export const MAX_IDENTIFIER_LENGTH = 254

/** Most accounts that one address or login names. */
export const MAX_ACCOUNTS_PER_IDENTIFIER = 5

// The look-behind keeps the time linear: a run of blanks is tried from its first one only.
const EDGE_BLANKS = /^[ \t\n\v\f\r]+|(?<![ \t\n\v\f\r])[ \t\n\v\f\r]+$/g
const UNPRINTABLE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}]/u
// One mailbox and nothing that a mail program could read as a second one, a name, a header or an
// encoded word (RFC 2047).
const MAILBOX = /^(?!.*=\?.*\?=)[^\s\p{Cc}\p{Cs}@,;:<>()[\]\\"]+@[^\s\p{Cc}\p{Cs}@,;:<>()[\]\\"]+$/u
const SENDER = /^([^<>]*)<([^<>]+)>$/
const BEYOND_ASCII = /[^\0-\x7f]/
// The words of a display name that need no quotes (RFC 5322, section 3.2.3; RFC 6532, section 3.2).
const ATOMS =
  /^[\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+(?: [\w!#$%&'*+/=?^`{|}~\u0080-\u{10ffff}-]+)*$/u

/** Trims ASCII blanks at the edges of what somebody typed, and nothing else. */
export function trimIdentifier(typed: string): string {
  return typed.replace(EDGE_BLANKS, '')
}

/** Says whether a text could be an address at all: an `@`, no control characters. */
export function looksLikeAddress(text: string): boolean {
  return text.includes('@') && isPrintable(text)
}

/** Says whether a text has no control characters, line separators or lone surrogates. */
export function isPrintable(text: string): boolean {
  return !UNPRINTABLE.test(text)
}

/** Lower-cases A to Z only, so that look-alikes such as U+212A never become a plain letter. */
export function foldAsciiCase(address: string): string {
  return address.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
}

/**
 * Makes one text of all spellings of an address: ASCII's letter case does not count, and the domain is
 * in ASCII form. What is no address is only folded.
 */
export function foldAddress(address: string): string {
  if (!BEYOND_ASCII.test(address)) return foldAsciiCase(address)
  const [localPart, domain] = splitAddress(address)
  return foldAsciiCase(localPart) + spellInAscii(domain)
}

/** Lists the spellings by which a row may hold an address that somebody typed. */
export function spellAddress(typed: string): string[] {
  const folded = foldAddress(typed)
  const [localPart, domain] = splitAddress(folded)
  return [...new Set([typed, foldAsciiCase(typed), folded, localPart + spellInUnicode(domain)])]
}

/** Names the domain of an address, the same for all of its spellings. */
export function domainOf(address: string): string {
  return splitAddress(foldAddress(address))[1]
}

/** Puts the domain of an address in ASCII form, as mail servers take it. The local part stays. */
export function toAsciiDomain(address: string): string {
  const [localPart, domain] = splitAddress(address)
  return BEYOND_ASCII.test(domain) ? localPart + spellInAscii(domain) : address
}

/** Says whether an address can be handed only to what speaks SMTPUTF8 (RFC 6531). */
export function needsUtf8(address: string): boolean {
  return BEYOND_ASCII.test(toAsciiDomain(address))
}

/** @returns the local part with its `@`, and the domain, which is empty in what has no `@` */
function splitAddress(address: string): [localPart: string, domain: string] {
  const at = address.lastIndexOf('@') + 1
  return at === 0 ? [address, ''] : [address.slice(0, at), address.slice(at)]
}

/** Says whether a stored address is exactly one plain mailbox, safe to hand to a mail provider. */
export function isMailbox(stored: string): boolean {
  if (stored.length > MAX_IDENTIFIER_LENGTH || !MAILBOX.test(stored)) return false
  return !BEYOND_ASCII.test(domainOf(stored))
}

/** Who sends mails, or takes the answers. */
export interface Sender {
  /** Without quotes; may be empty. */
  readonly name: string
  readonly address: string
}

/**
 * Parses `Name <address>`, with the name in double quotes or not, or an address alone.
 *
 * @throws TypeError when it is neither
 */
export function parseSender(text: string): Sender {
  const [, typed = '', address = text] = SENDER.exec(text) ?? []
  if (!isPrintable(text) || !isMailbox(address)) throw new TypeError('must be Name <address>')
  const [, quoted] = /^"(.*)"$/.exec(typed.trim()) ?? []
  return { name: quoted?.replace(/\\(.)/g, '$1') ?? typed.trim(), address }
}

/** Writes a sender as `Name <address>`, with quotes around a name that needs them (RFC 5322, section 3.4). */
export function formatSender({ name, address }: Sender): string {
  if (name === '') return address
  const phrase = ATOMS.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`
  return `${phrase} <${address}>`
}
