// Werkzeug's scrypt, as generate_password_hash writes it: scrypt:<N>:<r>:<p>$<salt>$<key in
// hexadecimal>.

import { createKeyFormat } from './derived-key.ts'
import { deriveScrypt, isAcceptableScrypt, raiseScrypt, type ScryptParameters } from './scrypt.ts'
import { makeTextSalt } from './text-salt.ts'

const LAYOUT = /^scrypt:([1-9]\d{0,9}):([1-9]\d{0,9}):([1-9]\d{0,9})\$([^$]+)\$([0-9a-f]{128})$/
/** Werkzeug's own memory, and one of OWASP's least. */
const CHOSEN: ScryptParameters = { N: 2 ** 15, r: 8, p: 3 }

/** Werkzeug 2.3 and later. */
export const werkzeugScrypt = createKeyFormat<ScryptParameters>({
  name: 'werkzeug_scrypt',
  read(passwordHash) {
    const [, N, r, p, salt = '', text = ''] = LAYOUT.exec(passwordHash) ?? []
    const parameters = { N: Number(N), r: Number(r), p: Number(p) }
    return isAcceptableScrypt(parameters)
      ? { parameters, salt, key: Buffer.from(text, 'hex') }
      : undefined
  },
  write: ({ parameters: { N, r, p }, salt, key }) =>
    `scrypt:${N}:${r}:${p}$${salt}$${key.toString('hex')}`,
  choose: (own) => (own ? raiseScrypt(own) : CHOSEN),
  makeSalt: () => makeTextSalt(16),
  derive: deriveScrypt,
})
