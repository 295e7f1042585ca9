// The two spellings of a domain beyond ASCII: its letters, and its A-labels (RFC 5890), which browsers
// post in place of them.
//
// A label is converted only where the conversion loses nothing but letter case and composition, so that
// no look-alike (a full-width letter, a ligature, the Kelvin sign) is ever read as the plain letter.

import { domainToASCII, domainToUnicode } from 'node:url'

// The full stop, and the three that are typed in its place (RFC 3490, section 3.1).
const DOTS = /[.\u3002\uff0e\uff61]/
const ASCII = /^[\0-\x7f]*$/
const SOME_ASCII = /[\0-\x7f]/
const BEYOND_ASCII = /[^\0-\x7f]/gu
const A_LABEL = /^xn--/i

/**
 * Spells a domain in ASCII, in small letters.
 *
 * @returns labels that have no such spelling as they stand
 */
export function spellInAscii(domain: string): string {
  if (ASCII.test(domain)) return domain.toLowerCase()
  return domain.split(DOTS).map(toAscii).join('.')
}

/**
 * Spells a domain in its own letters, small ones.
 *
 * @param domain as `spellInAscii` gives it
 */
export function spellInUnicode(domain: string): string {
  return domain.split('.').map(toUnicode).join('.')
}

function toAscii(label: string): string {
  if (ASCII.test(label)) return label.toLowerCase()
  const small = lowerCase(label)
  const ascii = domainToASCII(label)
  const isSame = small !== undefined && A_LABEL.test(ascii) && domainToUnicode(ascii) === small
  return isSame ? ascii : label
}

function toUnicode(label: string): string {
  if (!A_LABEL.test(label)) return label
  const unicode = domainToUnicode(label)
  return toAscii(unicode) === label ? unicode : label
}

/** @returns undefined where a letter beyond ASCII would become one of ASCII */
function lowerCase(label: string): string | undefined {
  let isLookAlike = false
  const small = label.replace(BEYOND_ASCII, (character) => {
    const lower = character.normalize('NFC').toLowerCase()
    isLookAlike ||= SOME_ASCII.test(lower)
    return lower
  })
  return isLookAlike
    ? undefined
    : small.replace(/[A-Z]/g, (letter) => letter.toLowerCase()).normalize('NFC')
}
