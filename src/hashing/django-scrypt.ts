// Django's ScryptPasswordHasher: scrypt$<N>$<salt>$<r>$<p>$<key in base64>.

import { createKeyFormat } from './derived-key.ts'
import {
  deriveScrypt,
  isAcceptableScrypt,
  raiseScrypt,
  SCRYPT_KEY_BYTES,
  type ScryptParameters,
} from './scrypt.ts'
import { DJANGO_SALT_LENGTH, makeTextSalt } from './text-salt.ts'

const LAYOUT =
  /^scrypt\$([1-9]\d{0,9})\$([^$]+)\$([1-9]\d{0,9})\$([1-9]\d{0,9})\$([A-Za-z0-9+/]+=*)$/
/** Django's own since 5.1, and one of OWASP's least. */
const CHOSEN: ScryptParameters = { N: 2 ** 14, r: 8, p: 5 }

/** Django 4.0 and later. Its column has 128 characters, and so has what is written here. */
export const djangoScrypt = createKeyFormat<ScryptParameters>({
  name: 'django_scrypt',
  read(passwordHash) {
    const [, N, salt = '', r, p, text = ''] = LAYOUT.exec(passwordHash) ?? []
    const parameters = { N: Number(N), r: Number(r), p: Number(p) }
    const key = Buffer.from(text, 'base64')
    const isWhole = key.length === SCRYPT_KEY_BYTES && isAcceptableScrypt(parameters)
    return isWhole ? { parameters, salt, key } : undefined
  },
  write: ({ parameters: { N, r, p }, salt, key }) =>
    `scrypt$${N}$${salt}$${r}$${p}$${key.toString('base64')}`,
  choose: (own) => (own ? raiseScrypt(own) : CHOSEN),
  makeSalt: () => makeTextSalt(DJANGO_SALT_LENGTH),
  derive: deriveScrypt,
})
