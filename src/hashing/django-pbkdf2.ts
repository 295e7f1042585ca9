// Django's PBKDF2PasswordHasher and PBKDF2SHA1PasswordHasher:
// pbkdf2_sha256$<iterations>$<salt>$<key in base64>, and the same with pbkdf2_sha1.

import { createKeyFormat } from './derived-key.ts'
import type { PasswordFormat } from './format.ts'
import { derivePbkdf2, isAcceptablePbkdf2, type Pbkdf2Parameters, raisePbkdf2 } from './pbkdf2.ts'
import { DJANGO_SALT_LENGTH, makeTextSalt } from './text-salt.ts'

/** Django's own choice by default, since 1.4. */
export const djangoPbkdf2Sha256 = createDjangoPbkdf2('sha256')

/** For hosts that share their hashes with something that knows SHA-1 alone. */
export const djangoPbkdf2Sha1 = createDjangoPbkdf2('sha1')

function createDjangoPbkdf2(digest: 'sha256' | 'sha1'): PasswordFormat {
  const layout = new RegExp(`^pbkdf2_${digest}\\$([1-9]\\d{0,9})\\$([^$]+)\\$([A-Za-z0-9+/]+=*)$`)
  return createKeyFormat<Pbkdf2Parameters>({
    name: `django_pbkdf2_${digest}`,
    read(passwordHash) {
      const [, iterations, salt = '', text = ''] = layout.exec(passwordHash) ?? []
      const parameters = { digest, iterations: Number(iterations) }
      const key = Buffer.from(text, 'base64')
      return isAcceptablePbkdf2(parameters, key) ? { parameters, salt, key } : undefined
    },
    write: ({ parameters, salt, key }) =>
      `pbkdf2_${digest}$${parameters.iterations}$${salt}$${key.toString('base64')}`,
    choose: (own) => raisePbkdf2(own ?? { digest, iterations: 0 }),
    makeSalt: () => makeTextSalt(DJANGO_SALT_LENGTH),
    derive: derivePbkdf2,
  })
}
