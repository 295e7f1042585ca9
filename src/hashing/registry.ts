// The password formats that Rekey reads and writes.

import { type PasswordFormatFacts, passwordFormats } from '../core/password-formats.ts'
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

/** What stored hashes are read as, and what is written. */
export interface HashFormats {
  /** In the order in which a stored hash is tried against them. */
  readonly formats: readonly PasswordFormat[]
  /** The one that PASSWORD_HASH names; without it, each row's own is kept. */
  readonly named: PasswordFormat | undefined
}

/**
 * Chooses the formats for a host application.
 *
 * @param choice PASSWORD_HASH, PASSWORD_PEPPER and USERS_PRESET
 */
export function chooseFormats(choice: {
  readonly format: string
  readonly pepper: string | undefined
  readonly preset: string
}): HashFormats {
  const all = listPasswordFormats(choice.pepper)
  const named = all.find(({ name }) => name === choice.format)
  const isRead = (format: PasswordFormat) => {
    const { onlyUnderPreset }: PasswordFormatFacts = passwordFormats[format.name]
    return format === named || onlyUnderPreset === undefined || onlyUnderPreset === choice.preset
  }
  return { formats: all.filter(isRead), named }
}

/**
 * Lists all formats in the order in which a stored hash is tried against them.
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
