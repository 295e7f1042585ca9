// Which new passwords are refused, and with which words. Where a rule is Django's, its text is too.

import type { FieldFault } from '../errors.ts'
import { judgeCharacters } from './characters.ts'

/** The operator's rules. Lengths are in code points. */
export interface PasswordRules {
  readonly minLength: number
  readonly maxLength: number
  /** `refuse` for host applications whose login trims passwords. */
  readonly edgeSpaces: 'keep' | 'refuse'
  /** Lower-cased. */
  readonly commonPasswords: Pick<ReadonlySet<string>, 'has'>
}

/** A value of the account that a password must not resemble, named as its owner would. */
export interface PersonalValue {
  readonly label: string
  readonly value: string
}

/** What the format of a hash makes of a password. */
export interface HashableForm {
  /** The password as it is put into the hash. */
  readonly prepared: string
  /** Most UTF-8 bytes of it that count, if there is a limit: more would be cut in silence. */
  readonly maxBytes: number | undefined
  /** Whether the host counts the length in UTF-16 units and refuses to sign in with more. */
  readonly countsUtf16?: true
}

type Refusal = Omit<FieldFault, 'field'>

const MAX_SIMILARITY = 0.7
/** Code points of a personal value that count: anybody who signs up may make a name as long as they like. */
const MAX_PERSONAL_LENGTH = 256

/**
 * Judges a new password exactly as typed. Only its bytes are counted as its hash's format prepares
 * it.
 *
 * @param personal values that it must not resemble, of each the first 256 characters; the first hit is
 * reported, as Django does
 * @returns every broken rule, in Django's order; empty when the password may be used
 */
export function judgePassword(
  password: string,
  rules: PasswordRules,
  personal: readonly PersonalValue[],
  { prepared, maxBytes, countsUtf16 }: HashableForm,
): Refusal[] {
  const refusals: Refusal[] = judgeCharacters(password)
  const refuse = (code: string, detail: string) => refusals.push({ code, detail })
  const length = countCodePoints(password)

  if ((countsUtf16 ? password.length : length) > rules.maxLength) {
    const limit = `${rules.maxLength} character${rules.maxLength === 1 ? '' : 's'}`
    refuse('max_length', `Ensure this field has no more than ${limit}.`)
  }
  if (maxBytes !== undefined && Buffer.byteLength(prepared) > maxBytes) {
    refuse('max_bytes', `Ensure this field has no more than ${maxBytes} bytes.`)
  }
  const similar = personal.find(({ value }) => isTooSimilar(password, value))
  if (similar)
    refuse('password_too_similar', `The password is too similar to the ${similar.label}.`)
  if (length < rules.minLength) {
    const limit = `${rules.minLength} character${rules.minLength === 1 ? '' : 's'}`
    refuse('password_too_short', `This password is too short. It must contain at least ${limit}.`)
  }
  if (isCommon(password.trim().toLowerCase(), rules.commonPasswords)) {
    refuse('password_too_common', 'This password is too common.')
  }
  if (ENTIRELY_NUMERIC.test(password)) {
    refuse('password_entirely_numeric', 'This password is entirely numeric.')
  }
  if (rules.edgeSpaces === 'refuse' && password.trim() !== password) {
    refuse('password_edge_spaces', 'This password must not begin or end with a space.')
  }
  return refusals
}

// Python's str.isdigit: decimal digits of every script, and superscripts, subscripts, circled ones.
const ENTIRELY_NUMERIC =
  /^[\p{Nd}²³¹፩-፱᧚⁰⁴-⁹₀-₉①-⑨⑴-⑼⒈-⒐⓪⓵-⓽⓿❶-❾➀-➈➊-➒\u{10A40}-\u{10A43}\u{10E60}-\u{10E68}\u{11052}-\u{1105A}\u{1F100}-\u{1F10A}]+$/u

/** A common password, or one with no more to it than digits counted up from 1. */
function isCommon(password: string, common: PasswordRules['commonPasswords']): boolean {
  const withoutCounting = password.replace(/12345(?:6(?:7(?:8(?:90?)?)?)?)?$/, '')
  if (common.has(password)) return true
  return withoutCounting !== password && withoutCounting !== '' && common.has(withoutCounting)
}

function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

/** Django's UserAttributeSimilarityValidator: the value as a whole and each word of it. */
function isTooSimilar(password: string, value: string): boolean {
  const typed = [...password.toLowerCase()]
  // No code point has more than two units.
  const counted = [...value.slice(0, 2 * MAX_PERSONAL_LENGTH)].slice(0, MAX_PERSONAL_LENGTH)
  const whole = counted.join('').toLowerCase()
  return [...whole.split(/[^\p{L}\p{N}_]+/u), whole].some((part) => {
    const letters = [...part]
    const isFarShorter =
      typed.length >= 10 * letters.length && letters.length < (MAX_SIMILARITY / 2) * typed.length
    return !isFarShorter && quickRatio(typed, letters) >= MAX_SIMILARITY
  })
}

/** difflib's quick_ratio: twice the common characters, wherever they stand, over both lengths. */
function quickRatio(a: readonly string[], b: readonly string[]): number {
  if (a.length + b.length === 0) return 1
  const available = new Map<string, number>()
  for (const letter of b) available.set(letter, (available.get(letter) ?? 0) + 1)
  let matches = 0
  for (const letter of a) {
    const left = available.get(letter) ?? 0
    if (left > 0) {
      matches += 1
      available.set(letter, left - 1)
    }
  }
  return (2 * matches) / (a.length + b.length)
}
