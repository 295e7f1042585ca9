// Which values of a password column say that an account has no password.

// Django marks such an account with '!', shadow files with '!' or '*'.
const MARK = /^[!*]/
/** Characters of crypt(3) with DES, the shortest hash that any login reads. */
const LEAST_LENGTH = 13

/**
 * Says whether a stored value is a hash, in whichever format, and not a mark of having none. A word such
 * as `locked` is a mark too: a link keyed on it could be made by whoever guesses it.
 */
export function isUsableHash(passwordHash: string | null): boolean {
  const text = passwordHash?.trim() ?? ''
  return text.length >= LEAST_LENGTH && !MARK.test(text)
}
