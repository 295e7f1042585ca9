// The server's secrets and the keys derived from them, one per use.

import { createSecretKey, hkdfSync, type KeyObject, randomBytes } from 'node:crypto'
import { macFields } from './message.ts'

/** The keys of one secret. None of them can be computed from another. */
export interface SecretKeys {
  readonly outerSeal: KeyObject
  readonly innerSeal: KeyObject
  readonly idempotency: KeyObject
  readonly log: KeyObject
  readonly addressCap: KeyObject
}

/** The keys of every secret in use: the first signs, all verify. */
export type KeyRing = readonly [SecretKeys, ...SecretKeys[]]

const PREFIX = 'rk1_'
const SECRET_BYTES = 32

/** Makes a new secret: `rk1_` and 32 random bytes as 43 characters of base64url. */
export function generateSecret(): string {
  return PREFIX + randomBytes(SECRET_BYTES).toString('base64url')
}

/**
 * Derives the keys of a secret with HKDF-SHA-256 (RFC 5869), one label per use.
 *
 * @param secret as `generateSecret` prints it; any other spelling, such as padding, is refused
 * @throws TypeError when the text is not such a secret; the message does not repeat it
 */
export function deriveKeys(secret: string): SecretKeys {
  const bytes = Buffer.from(secret.slice(PREFIX.length), 'base64url')
  if (bytes.length !== SECRET_BYTES || PREFIX + bytes.toString('base64url') !== secret) {
    throw new TypeError('a secret is rk1_ and 43 characters of base64url, as `rekey keygen` prints')
  }
  const derive = (label: string) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', bytes, '', `rekey/v1/${label}`, 32)))
  return {
    outerSeal: derive('outer-seal'),
    innerSeal: derive('inner-seal'),
    idempotency: derive('idempotency'),
    log: derive('log'),
    addressCap: derive('address-cap'),
  }
}

/** Names a secret without telling anything of it, to compare replicas. @returns 8 hex digits */
export function identifySecret({ log }: SecretKeys): string {
  return macFields(log, ['rekey-log-v1', 'key-id']).toString('hex', 0, 4)
}
