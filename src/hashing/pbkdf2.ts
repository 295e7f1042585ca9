// PBKDF2 (RFC 8018 section 5.2), and how many iterations are few and many.

import { pbkdf2 } from 'node:crypto'
import { promisify } from 'node:util'

export type Digest = 'sha1' | 'sha256' | 'sha512'

export interface Pbkdf2Parameters {
  readonly digest: Digest
  readonly iterations: number
}

/** Bytes of each digest: a key is as long. */
const BYTES = { sha1: 20, sha256: 32, sha512: 64 } as const
/** OWASP's. */
const LEAST_ITERATIONS = { sha1: 1_400_000, sha256: 600_000, sha512: 220_000 } as const
const MOST_ITERATIONS = 10_000_000

const derive = promisify(pbkdf2)

/** Derives a key as long as the digest. */
export function derivePbkdf2(
  password: string,
  salt: string,
  { digest, iterations }: Pbkdf2Parameters,
): Promise<Buffer> {
  return derive(password, salt, iterations, BYTES[digest], digest)
}

/** Says whether a row's iterations are within the limit, and its key is as long as the digest. */
export function isAcceptablePbkdf2({ digest, iterations }: Pbkdf2Parameters, key: Buffer): boolean {
  return iterations <= MOST_ITERATIONS && key.length === BYTES[digest]
}

/** Raises a row's parameters to OWASP's least. */
export function raisePbkdf2({ digest, iterations }: Pbkdf2Parameters): Pbkdf2Parameters {
  return { digest, iterations: Math.max(iterations, LEAST_ITERATIONS[digest]) }
}
