// What counts as an address, and when two spellings are one.

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

/** Says whether a stored address is exactly one plain mailbox, safe to hand to a mail provider. */
export function isMailbox(stored: string): boolean {
  return stored.length <= MAX_IDENTIFIER_LENGTH && MAILBOX.test(stored)
}

/**
 * Parses `Name <address>`, with the name in double quotes or not, or an address alone.
 *
 * @throws TypeError when it is neither
 */
export function parseSender(text: string): { readonly name: string; readonly address: string } {
  const [, name = '', address = text] = SENDER.exec(text) ?? []
  if (!isPrintable(text) || !isMailbox(address)) throw new TypeError('must be Name <address>')
  return { name: name.trim().replace(/^"(.*)"$/, '$1'), address }
}
