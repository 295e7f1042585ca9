// Puts together what tells the formats of stored hashes apart.

import type { HashMeter } from '../accounts/doctor/check-hashes.ts'
import { BARE_KEY, NONE, UNKNOWN } from '../accounts/hash-census.ts'
import type { Config } from '../config/config.ts'
import { isUsableHash } from '../core/usable-hash.ts'
import { isBareKey } from '../hashing/bare-key.ts'
import { assembleFormats } from './assemble-hasher.ts'

export function assembleHashMeter(config: Pick<Config, 'hashing' | 'preset'>): HashMeter {
  const { formats, named } = assembleFormats(config)
  const find = (hash: string) =>
    named?.recognise(hash) ? named : formats.find((format) => format.recognise(hash))
  return {
    named: named?.name,
    nameFormat(hash) {
      if (hash === null || !isUsableHash(hash)) return NONE
      return find(hash)?.name ?? (isBareKey(hash) ? BARE_KEY : UNKNOWN)
    },
    measureReset(hash) {
      if (hash === null || !isUsableHash(hash)) return 0
      const format = named ?? find(hash)
      return format?.recognise(hash) ? format.draft(hash).length : 0
    },
  }
}
