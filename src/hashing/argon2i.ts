// argon2i as a bare PHC string, as PHP's PASSWORD_ARGON2I writes it.

import { describePhc, draftPhc, hashPhc, readPhc, verifyPhc } from './argon2.ts'
import type { PasswordFormat } from './format.ts'

/** RFC 9106 argon2i. */
export const argon2i: PasswordFormat = {
  name: 'argon2i',
  recognise: (passwordHash) => readPhc(passwordHash)?.variety === 'argon2i',
  describe: describePhc,
  verify: async (password, passwordHash) => verifyPhc(password, passwordHash),
  hash: (password, currentHash = '') => hashPhc(password, 'argon2i', readPhc(currentHash)),
  draft: (currentHash) => draftPhc(currentHash),
}
