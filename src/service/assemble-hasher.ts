// Puts together what makes password hashes in the formats that the host application reads.

import { availableParallelism } from 'node:os'
import type { Config } from '../config/config.ts'
import { createHashLine, type HashLine } from '../hashing/hash-line.ts'
import { createHasher } from '../hashing/hasher.ts'
import { listPasswordFormats } from '../hashing/registry.ts'
import type { Hasher } from '../ports.ts'

const HASHES_WAITING = 128

/** Puts it together. */
export function assembleHasher(
  { hashing }: Pick<Config, 'hashing'>,
  line: HashLine = assembleHashLine(),
): Hasher {
  const formats = listPasswordFormats(hashing.pepper)
  const named = formats.find((format) => format.name === hashing.format)
  return createHasher({ formats, named, requireUsable: hashing.requireUsable }, line)
}

/** Puts together what hashes wait in. */
export function assembleHashLine(atOnce = availableParallelism()): HashLine {
  return createHashLine(atOnce, HASHES_WAITING)
}
