// Chooses the format of a new hash and makes it in the hashing line.

import type { Hasher } from '../ports.ts'
import type { PasswordFormat } from './format.ts'
import type { HashLine } from './hash-line.ts'

// Django marks an account without a password with '!', shadow files with '!' or '*'.
const UNUSABLE = /^(?:$|[!*])/

/**
 * Makes the hasher.
 *
 * @param named the format that PASSWORD_HASH names, or undefined to keep each row's own
 */
export function createHasher(
  formats: readonly PasswordFormat[],
  named: PasswordFormat | undefined,
  line: HashLine,
): Hasher {
  const formatFor = (passwordHash: string) =>
    named ?? formats.find((format) => format.recognise(passwordHash))
  return {
    canReplace: (passwordHash) =>
      !UNUSABLE.test(passwordHash) && formatFor(passwordHash) !== undefined,
    hash(password, currentHash) {
      const format = formatFor(currentHash)
      if (!format) throw new TypeError('hash() was called for a format that canReplace() refuses')
      return line.run(() => format.hash(password))
    },
  }
}
