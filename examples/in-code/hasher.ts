// Hashes in a format of the application's own: scrypt, as `scrypt1:salt:key` in base64url.

import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'
import type { Hasher } from 'rekey'

const derive = promisify<string, Buffer, number, object, Buffer>(scrypt)
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 2 ** 20 }
const FORMAT = /^scrypt1:([\w-]{22}):([\w-]{43})$/

export const scryptHasher: Hasher = {
  // All of a password counts. bcrypt would say 72 here.
  maxBytes: undefined,
  // Only what the application's login reads: an account with anything else gets no link.
  canReplace: (passwordHash) => FORMAT.test(passwordHash ?? ''),
  // As it is hashed, for the rules to count its bytes.
  prepare: (password) => ({ prepared: password, maxBytes: undefined }),
  async hash(password) {
    const salt = randomBytes(16)
    const key = await derive(password, salt, 32, COST)
    return `scrypt1:${salt.toString('base64url')}:${key.toString('base64url')}`
  },
  async verify(password, passwordHash) {
    const [, salt, key] = FORMAT.exec(passwordHash ?? '') ?? []
    if (salt === undefined || key === undefined) return false
    const derived = await derive(password, Buffer.from(salt, 'base64url'), 32, COST)
    return timingSafeEqual(derived, Buffer.from(key, 'base64url'))
  },
}
