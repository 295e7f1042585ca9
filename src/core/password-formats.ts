// The password formats by name, and what has to be known of each to judge a configuration. How they
// are read and written is in hashing/.

/** What is fixed about a format. */
export interface PasswordFormatFacts {
  /**
   * Characters of a hash with the parameters that the format chooses itself. Those of a row may make
   * it a digit or two longer, as they made the row's.
   */
  readonly hashLength: number
  /** Whether PASSWORD_PEPPER goes into it. */
  readonly takesPepper?: true
  /**
   * The preset under which stored hashes are read as this format, where PASSWORD_HASH does not name it:
   * they say neither format nor parameters, and other software writes the same shape with others.
   */
  readonly onlyUnderPreset?: string
}

/** In the order in which a stored hash is tried against them. */
export const passwordFormats = {
  argon2id: { hashLength: 97 },
  argon2i: { hashLength: 96 },
  bcrypt: { hashLength: 60, takesPepper: true },
  bcrypt_2y: { hashLength: 60, takesPepper: true },
  django_pbkdf2_sha256: { hashLength: 88 },
  django_pbkdf2_sha1: { hashLength: 71 },
  django_argon2: { hashLength: 111 },
  django_bcrypt_sha256: { hashLength: 74 },
  django_bcrypt: { hashLength: 67 },
  django_scrypt: { hashLength: 128 },
  werkzeug_scrypt: { hashLength: 162 },
  werkzeug_pbkdf2: { hashLength: 102 },
  better_auth_scrypt: { hashLength: 161, onlyUnderPreset: 'better-auth' },
} as const satisfies Readonly<Record<string, PasswordFormatFacts>>

/** As PASSWORD_HASH has it. */
export type PasswordFormatName = keyof typeof passwordFormats

/** All names, in the order of the table. */
export function listPasswordFormatNames(): PasswordFormatName[] {
  return Object.keys(passwordFormats) as PasswordFormatName[]
}
