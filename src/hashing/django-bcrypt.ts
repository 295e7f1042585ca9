// Django's BCryptPasswordHasher: `bcrypt$` and a bcrypt hash, so that two dollar signs follow the name.

import {
  BCRYPT_MAX_BYTES,
  describeBcrypt,
  draftBcrypt,
  hashBcrypt,
  readBcrypt,
  verifyBcrypt,
} from './bcrypt.ts'
import type { PasswordFormat } from './format.ts'
import { readAfter } from './read-after.ts'

const PREFIX = 'bcrypt$'

/** Without a pepper: Django knows none. */
export const djangoBcrypt: PasswordFormat = {
  name: 'django_bcrypt',
  maxBytes: BCRYPT_MAX_BYTES,
  recognise: (passwordHash) => readBcrypt(readAfter(PREFIX, passwordHash)) !== undefined,
  describe: (passwordHash) => describeBcrypt(readAfter(PREFIX, passwordHash)),
  verify: async (password, passwordHash) => verifyBcrypt(password, readAfter(PREFIX, passwordHash)),
  hash: async (password, currentHash = '') =>
    PREFIX + (await hashBcrypt(password, readAfter(PREFIX, currentHash))),
  draft: (currentHash) => PREFIX + draftBcrypt(readAfter(PREFIX, currentHash)),
}
