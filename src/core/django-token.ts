// `{django_token}`: a link in the shape of the tokens that Django makes itself, for frontends whose
// routes spell that shape out. It leaves out the user id, which stands beside it as a uid.
//
//   timestamp   the seconds in base 36, in lower case and without leading zeros, as Django writes them
//   seals       the first 14 bytes of the outer seal and of the inner one, as one number of 224 bits
//               in base 62 (0-9, A-Z, a-z), always 38 digits
// Both stand in a row, with a hyphen behind the 13th character: 7 digits of the seals go before it
// until 2038, and 6 from then on. So `[0-9A-Za-z]{1,13}-[0-9A-Za-z]{1,32}` matches.

import { RekeyError } from '../errors.ts'
import { type Link, SEAL_BYTES, SHORT_SEAL_BYTES } from './link.ts'

const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const BASE = BigInt(DIGITS.length)
const SEALS_LENGTH = 38
const HYPHEN_AT = 13
const SHAPE = /^[0-9A-Za-z]{13}-[0-9A-Za-z]{26,32}$/

/** The link in the shape of Django's tokens, without its user id. */
export function formatDjangoToken({ timestamp, signature }: Link): string {
  const seals = Buffer.from(signature, 'base64url')
  const outer = seals.subarray(0, SHORT_SEAL_BYTES)
  const inner = seals.subarray(SEAL_BYTES, SEAL_BYTES + SHORT_SEAL_BYTES)
  return writeToken(timestamp, Buffer.concat([outer, inner]))
}

/** Says whether a text has the shape of such a token, which no `{token}` has. */
export function isDjangoToken(text: string): boolean {
  return SHAPE.test(text)
}

/**
 * Takes such a token apart. It proves nothing: the parts go to `openLink`.
 *
 * @param userId of the uid beside it
 * @throws RekeyError `link_invalid` when it is not the one spelling of any link
 */
export function parseDjangoToken(token: string, userId: string): Link {
  const row = token.replace('-', '')
  const seconds = Number.parseInt(row.slice(0, -SEALS_LENGTH), 36)
  const timestamp = String(seconds).padStart(10, '0')
  const seals = readSeals(row.slice(-SEALS_LENGTH))
  if (!isDjangoToken(token) || writeToken(timestamp, seals) !== token) {
    throw new RekeyError('link_invalid', 'not a token that this service makes')
  }
  const signature = seals.toString('base64url')
  return { userId, timestamp, signature, sealBytes: SHORT_SEAL_BYTES }
}

function writeToken(timestamp: string, seals: Buffer): string {
  const row = Number(timestamp).toString(36) + writeSeals(seals)
  return `${row.slice(0, HYPHEN_AT)}-${row.slice(HYPHEN_AT)}`
}

function writeSeals(seals: Buffer): string {
  let rest = BigInt(`0x${seals.toString('hex')}`)
  let digits = ''
  while (digits.length < SEALS_LENGTH) {
    digits = DIGITS.charAt(Number(rest % BASE)) + digits
    rest /= BASE
  }
  return digits
}

/** Reads 38 digits. @returns 28 bytes; of a number that takes more the first 28, whose spelling differs */
function readSeals(digits: string): Buffer {
  let number = 0n
  for (const digit of digits) number = number * BASE + BigInt(DIGITS.indexOf(digit))
  const hex = number.toString(16).padStart(4 * SHORT_SEAL_BYTES, '0')
  return Buffer.from(hex, 'hex').subarray(0, 2 * SHORT_SEAL_BYTES)
}
