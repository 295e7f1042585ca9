// Puts together what makes password hashes in the formats that the host application reads.

import { availableParallelism } from 'node:os'
import type { Config } from '../config/config.ts'
import { createHashLine } from '../hashing/hash-line.ts'
import { createHasher } from '../hashing/hasher.ts'
import { listPasswordFormats } from '../hashing/registry.ts'
import type { Hasher } from '../ports.ts'

const HASHES_WAITING = 128

/** Puts it together. */
export function assembleHasher({ hashing }: Pick<Config, 'hashing'>): Hasher {
  const formats = listPasswordFormats(hashing.pepper)
  const named = formats.find((format) => format.name === hashing.format)
  const line = createHashLine(availableParallelism(), HASHES_WAITING)
  return createHasher({ formats, named, requireUsable: hashing.requireUsable }, line)
}
