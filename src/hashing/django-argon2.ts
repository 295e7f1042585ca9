// Django's Argon2PasswordHasher: `argon2` and a PHC string, whose salt is the base64 of a text.

import { describePhc, draftPhc, hashPhc, readPhc, verifyPhc } from './argon2.ts'
import type { PasswordFormat } from './format.ts'
import { readAfter } from './read-after.ts'
import { DJANGO_SALT_LENGTH, makeTextSalt } from './text-salt.ts'

const PREFIX = 'argon2'

/** Django 1.10 and later. argon2i, as Django before 3.2 wrote it, stays argon2i. */
export const djangoArgon2: PasswordFormat = {
  name: 'django_argon2',
  recognise: (passwordHash) => readPhc(readAfter(PREFIX, passwordHash)) !== undefined,
  describe(passwordHash) {
    const phc = readAfter(PREFIX, passwordHash)
    return `${readPhc(phc)?.variety}, ${describePhc(phc)}`
  },
  verify: async (password, passwordHash) => verifyPhc(password, readAfter(PREFIX, passwordHash)),
  async hash(password, currentHash = '') {
    const salt = makeTextSalt(DJANGO_SALT_LENGTH)
    const own = readPhc(readAfter(PREFIX, currentHash))
    return PREFIX + (await hashPhc(password, 'argon2id', own, salt))
  },
  draft: (currentHash) => PREFIX + draftPhc(readAfter(PREFIX, currentHash), DJANGO_SALT_LENGTH),
}
