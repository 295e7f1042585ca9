// Django's BCryptSHA256PasswordHasher: `bcrypt_sha256$` and a bcrypt hash of the password's SHA-256
// in 64 hexadecimal digits. No password is too long for it.

import { createHash } from 'node:crypto'
import { BCRYPT_LENGTH, draftBcrypt, hashBcrypt, readBcrypt, verifyBcrypt } from './bcrypt.ts'
import type { PasswordFormat } from './format.ts'

const PREFIX = 'bcrypt_sha256$'

/** Django 1.6 and later. */
export const djangoBcryptSha256: PasswordFormat = {
  name: 'django_bcrypt_sha256',
  length: PREFIX.length + BCRYPT_LENGTH,
  recognise: (passwordHash) => readBcrypt(bcryptOf(passwordHash)) !== undefined,
  verify: async (password, passwordHash) => verifyBcrypt(digest(password), bcryptOf(passwordHash)),
  hash: async (password, currentHash = '') =>
    PREFIX + (await hashBcrypt(digest(password), bcryptOf(currentHash))),
  draft: (currentHash) => PREFIX + draftBcrypt(bcryptOf(currentHash)),
}

function digest(password: string): string {
  return createHash('sha256').update(password).digest('hex')
}

function bcryptOf(passwordHash: string): string {
  return passwordHash.startsWith(PREFIX) ? passwordHash.slice(PREFIX.length) : ''
}
