// What Django takes for an e-mail address: narrower than what Rekey takes, and the same wherever a
// dialect has to refuse what its package refuses (django.core.validators.EmailValidator).

import { isIP } from 'node:net'
import { domainToASCII } from 'node:url'

const MAX_LENGTH = 320
// Python's IGNORECASE takes four letters beyond ASCII for I, S and K.
const LETTERS = 'A-Za-z\\u0130\\u0131\\u017f\\u212a'
const ATOM = `[-!#$%&'*+/=?^_\`{}|~0-9${LETTERS}]+`
const LOCAL_PART = new RegExp(`^${ATOM}(?:\\.${ATOM})*$`)
const QUOTED_LOCAL_PART =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 5322 has them in quoted strings.
  /^"(?:[\x01-\x08\v\f\x0e-\x1f!#-[\]-\x7f]|\\[\x01-\t\v\f\x0e-\x7f])*"$/
const LABEL = `[0-9${LETTERS}](?:[0-9${LETTERS}-]{0,61}[0-9${LETTERS}])?`
const DOMAIN = new RegExp(`^(?:${LABEL}\\.)+[0-9${LETTERS}-]{2,63}(?<!-)$`)
// The conversion itself would drop line breaks and decode percent signs.
const INTERNATIONAL = /^(?:[\dA-Za-z.-]|[^\0-\x7f])+$/
const LITERAL = /^\[([\dA-F:.]+)\]$/i

/** Says whether Django would take a text for an e-mail address. Any length costs linear time. */
export function isDjangoAddress(text: string): boolean {
  const at = text.lastIndexOf('@')
  if (at < 0 || [...text].length > MAX_LENGTH) return false
  const localPart = text.slice(0, at)
  const domain = text.slice(at + 1)
  if (!LOCAL_PART.test(localPart) && !QUOTED_LOCAL_PART.test(localPart)) return false
  if (domain === 'localhost' || isDomain(domain)) return true
  return INTERNATIONAL.test(domain) && isDomain(domainToASCII(domain))
}

function isDomain(text: string): boolean {
  return DOMAIN.test(text) || isIP(LITERAL.exec(text)?.[1] ?? '') !== 0
}
