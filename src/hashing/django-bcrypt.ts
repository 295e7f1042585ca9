// Django's BCryptPasswordHasher: `bcrypt$` and a bcrypt hash, so that two dollar signs follow the name.

import {
  BCRYPT_LENGTH,
  BCRYPT_MAX_BYTES,
  draftBcrypt,
  hashBcrypt,
  readBcrypt,
  verifyBcrypt,
} from './bcrypt.ts'
import type { PasswordFormat } from './format.ts'

const PREFIX = 'bcrypt$'

/** Without a pepper: Django knows none. */
export const djangoBcrypt: PasswordFormat = {
  name: 'django_bcrypt',
  maxBytes: BCRYPT_MAX_BYTES,
  length: PREFIX.length + BCRYPT_LENGTH,
  recognise: (passwordHash) => readBcrypt(bcryptOf(passwordHash)) !== undefined,
  verify: async (password, passwordHash) => verifyBcrypt(password, bcryptOf(passwordHash)),
  hash: async (password, currentHash = '') =>
    PREFIX + (await hashBcrypt(password, bcryptOf(currentHash))),
  draft: (currentHash) => PREFIX + draftBcrypt(bcryptOf(currentHash)),
}

function bcryptOf(passwordHash: string): string {
  return passwordHash.startsWith(PREFIX) ? passwordHash.slice(PREFIX.length) : ''
}
