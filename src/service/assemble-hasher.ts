// Puts together what makes password hashes in the formats that the host application reads.

import { availableParallelism } from 'node:os'
import type { Config } from '../config/config.ts'
import { createHashLine, type HashLine } from '../hashing/hash-line.ts'
import { createHasher } from '../hashing/hasher.ts'
import { chooseFormats, type HashFormats } from '../hashing/registry.ts'
import type { Hasher } from '../ports.ts'

const HASHES_WAITING = 128

/** Puts it together. */
export function assembleHasher(
  config: Pick<Config, 'hashing' | 'preset'>,
  line: HashLine = assembleHashLine(),
): Hasher {
  const { requireUsable } = config.hashing
  return createHasher({ ...assembleFormats(config), requireUsable }, line)
}

/** Chooses the formats that the host application's rows are in. */
export function assembleFormats({
  hashing,
  preset,
}: Pick<Config, 'hashing' | 'preset'>): HashFormats {
  return chooseFormats({ ...hashing, preset: preset.name })
}

/** Puts together what hashes wait in. */
export function assembleHashLine(atOnce = availableParallelism()): HashLine {
  return createHashLine(atOnce, HASHES_WAITING)
}
