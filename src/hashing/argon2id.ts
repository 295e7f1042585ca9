// argon2id as a bare PHC string, which most libraries read and write.

import { describePhc, draftPhc, hashPhc, readPhc, verifyPhc } from './argon2.ts'
import type { PasswordFormat } from './format.ts'

/** RFC 9106 argon2id. */
export const argon2id: PasswordFormat = {
  name: 'argon2id',
  recognise: (passwordHash) => readPhc(passwordHash)?.variety === 'argon2id',
  describe: describePhc,
  verify: async (password, passwordHash) => verifyPhc(password, passwordHash),
  hash: (password, currentHash = '') => hashPhc(password, 'argon2id', readPhc(currentHash)),
  draft: (currentHash) => draftPhc(currentHash),
}
