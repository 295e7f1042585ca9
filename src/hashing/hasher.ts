// Chooses the format of a new hash and makes it in the hashing line, where old ones are compared too.

import { isUsableHash } from '../core/usable-hash.ts'
import type { Hasher } from '../ports.ts'
import type { HashLine } from './hash-line.ts'
import type { HashFormats } from './registry.ts'

export interface HasherSettings extends HashFormats {
  /** Whether a row without a usable hash is left alone. */
  readonly requireUsable: boolean
}

/** Makes the hasher. */
export function createHasher(settings: HasherSettings, line: HashLine): Hasher {
  const { formats, named, requireUsable } = settings
  const formatOf = (passwordHash: string) => formats.find((each) => each.recognise(passwordHash))
  const formatFor = (passwordHash: string | null) =>
    named ?? (passwordHash === null ? undefined : formatOf(passwordHash))
  const replacing = (passwordHash: string | null) => {
    const format = formatFor(passwordHash)
    if (!format) throw new TypeError('canReplace() refuses this hash: its format is unknown')
    return format
  }
  return {
    maxBytes: named?.maxBytes,
    canReplace: (passwordHash) =>
      (!requireUsable || isUsableHash(passwordHash)) && formatFor(passwordHash) !== undefined,
    prepare(password, currentHash) {
      const format = replacing(currentHash)
      const { countsUtf16, maxBytes } = format
      const prepared = format.prepare?.(password) ?? password
      return { prepared, maxBytes, ...(countsUtf16 && { countsUtf16 }) }
    },
    hash(password, currentHash) {
      const format = replacing(currentHash)
      const own = currentHash !== null && format.recognise(currentHash) ? currentHash : undefined
      return line.run(() => format.hash(password, own))
    },
    async verify(password, currentHash) {
      const format = currentHash === null ? undefined : formatOf(currentHash)
      // Half a surrogate pair has no UTF-8, and would be compared as another character.
      if (currentHash === null || !format || !password.isWellFormed()) return false
      // What only looks like a hash lets nobody in at the host either.
      return line.run(() => format.verify(password, currentHash).catch(() => false))
    },
  }
}
