// The password formats that Rekey reads and writes.

import { argon2i } from './argon2i.ts'
import { argon2id } from './argon2id.ts'
import { createBcrypt } from './bcrypt.ts'
import { betterAuthScrypt } from './better-auth-scrypt.ts'
import { djangoArgon2 } from './django-argon2.ts'
import { djangoBcrypt } from './django-bcrypt.ts'
import { djangoBcryptSha256 } from './django-bcrypt-sha256.ts'
import { djangoPbkdf2Sha1, djangoPbkdf2Sha256 } from './django-pbkdf2.ts'
import { djangoScrypt } from './django-scrypt.ts'
import type { PasswordFormat } from './format.ts'
import { werkzeugPbkdf2 } from './werkzeug-pbkdf2.ts'
import { werkzeugScrypt } from './werkzeug-scrypt.ts'

/**
 * Lists the formats in the order in which a stored hash is tried against them.
 *
 * @param pepper PASSWORD_PEPPER, for those that take one
 */
export function listPasswordFormats(pepper = ''): readonly PasswordFormat[] {
  return [
    argon2id,
    argon2i,
    createBcrypt('bcrypt', pepper),
    createBcrypt('bcrypt_2y', pepper),
    djangoPbkdf2Sha256,
    djangoPbkdf2Sha1,
    djangoArgon2,
    djangoBcryptSha256,
    djangoBcrypt,
    djangoScrypt,
    werkzeugScrypt,
    werkzeugPbkdf2,
    betterAuthScrypt,
  ]
}
