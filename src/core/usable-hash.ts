// Which values of a password column say that an account has no password.

// Django marks such an account with '!', shadow files with '!' or '*'.
const UNUSABLE = /^(?:$|[!*])/

/** Says whether a stored value is a hash, in whichever format, and not the mark of having none. */
export function isUsableHash(passwordHash: string | null): boolean {
  return passwordHash !== null && !UNUSABLE.test(passwordHash)
}
