// Werkzeug's PBKDF2, as generate_password_hash writes it: pbkdf2:sha256:<iterations>$<salt>$<key in
// hexadecimal>. Without iterations Werkzeug's version decides, so such a hash is nobody's.

import { createKeyFormat } from './derived-key.ts'
import {
  type Digest,
  derivePbkdf2,
  isAcceptablePbkdf2,
  type Pbkdf2Parameters,
  raisePbkdf2,
} from './pbkdf2.ts'
import { makeTextSalt } from './text-salt.ts'

const LAYOUT = /^pbkdf2:(sha1|sha256|sha512):([1-9]\d{0,9})\$([^$]+)\$((?:[0-9a-f]{2})+)$/

/** Werkzeug 0.9 and later. A row's digest stays. */
export const werkzeugPbkdf2 = createKeyFormat<Pbkdf2Parameters>({
  name: 'werkzeug_pbkdf2',
  read(passwordHash) {
    const [, digest, iterations, salt = '', text = ''] = LAYOUT.exec(passwordHash) ?? []
    if (digest === undefined) return undefined
    const parameters = { digest: digest as Digest, iterations: Number(iterations) }
    const key = Buffer.from(text, 'hex')
    return isAcceptablePbkdf2(parameters, key) ? { parameters, salt, key } : undefined
  },
  write: ({ parameters: { digest, iterations }, salt, key }) =>
    `pbkdf2:${digest}:${iterations}$${salt}$${key.toString('hex')}`,
  choose: (own) => raisePbkdf2(own ?? { digest: 'sha256', iterations: 0 }),
  makeSalt: () => makeTextSalt(16),
  derive: derivePbkdf2,
})
