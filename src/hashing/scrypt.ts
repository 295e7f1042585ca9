// scrypt (RFC 7914), and which parameters are little and much. Every format here has 64-byte keys.

import { scrypt } from 'node:crypto'

/** In the RFC's letters. Memory is 128 * N * r bytes. */
export interface ScryptParameters {
  readonly N: number
  readonly r: number
  readonly p: number
}

/** Bytes of a key. */
export const SCRYPT_KEY_BYTES = 64

/** OWASP's, for r = 8: each is as good as the others. */
const LEAST = [
  { N: 2 ** 17, p: 1 },
  { N: 2 ** 16, p: 2 },
  { N: 2 ** 15, p: 3 },
  { N: 2 ** 14, p: 5 },
  { N: 2 ** 13, p: 10 },
] as const
const LEAST_R = 8
const MOST_MEMORY_BYTES = 2 ** 28
const MOST_R = 32
const MOST_P = 16
/** N * r * p: two seconds on one core of today. */
const MOST_WORK = 2 ** 23

/** Derives a key of 64 bytes. */
export function deriveScrypt(
  password: string,
  salt: string,
  { N, r, p }: ScryptParameters,
): Promise<Buffer> {
  // What OpenSSL counts: the blocks of all lanes, the table, and room to work in.
  const maxmem = 128 * r * (N + p + 2) + 1024
  return new Promise((resolve, reject) => {
    scrypt(password, salt, SCRYPT_KEY_BYTES, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error)
      else resolve(key)
    })
  })
}

/** Says whether these are scrypt's, and within the limits also once they are raised. */
export function isAcceptableScrypt(own: ScryptParameters): boolean {
  const isPowerOfTwo = own.N > 1 && Number.isInteger(Math.log2(own.N))
  const { N, r, p } = raiseScrypt(own)
  const isAffordable = 128 * N * r <= MOST_MEMORY_BYTES && N * r * p <= MOST_WORK
  return isPowerOfTwo && isAffordable && r <= MOST_R && p <= MOST_P
}

/**
 * Raises a row's parameters to OWASP's least. The memory stays as it is where that is possible: a
 * host may have a limit, as Django has with 32 MiB.
 */
export function raiseScrypt(own: ScryptParameters): ScryptParameters {
  const r = Math.max(own.r, LEAST_R)
  const least = LEAST.find(({ N }) => own.N >= N)
  if (!least) return { N: LEAST[3].N, r, p: Math.max(own.p, LEAST[3].p) }
  return { N: own.N, r, p: Math.max(own.p, least.p) }
}
