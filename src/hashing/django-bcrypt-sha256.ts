// Django's BCryptSHA256PasswordHasher: `bcrypt_sha256$` and a bcrypt hash of the password's SHA-256
// in 64 hexadecimal digits. No password is too long for it.

import { createHash } from 'node:crypto'
import { describeBcrypt, draftBcrypt, hashBcrypt, readBcrypt, verifyBcrypt } from './bcrypt.ts'
import type { PasswordFormat } from './format.ts'
import { readAfter } from './read-after.ts'

const PREFIX = 'bcrypt_sha256$'

/** Django 1.6 and later. */
export const djangoBcryptSha256: PasswordFormat = {
  name: 'django_bcrypt_sha256',
  recognise: (passwordHash) => readBcrypt(readAfter(PREFIX, passwordHash)) !== undefined,
  describe: (passwordHash) => describeBcrypt(readAfter(PREFIX, passwordHash)),
  verify: async (password, passwordHash) =>
    verifyBcrypt(digest(password), readAfter(PREFIX, passwordHash)),
  hash: async (password, currentHash = '') =>
    PREFIX + (await hashBcrypt(digest(password), readAfter(PREFIX, currentHash))),
  draft: (currentHash) => PREFIX + draftBcrypt(readAfter(PREFIX, currentHash)),
}

function digest(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}
