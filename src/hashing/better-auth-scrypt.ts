// Better Auth's scrypt: <salt>:<key>, both in hexadecimal, 16 and 64 bytes. The salt goes into scrypt
// as the text of its digits, and the password in NFKC.

import { randomBytes } from 'node:crypto'
import { createKeyFormat } from './derived-key.ts'
import { deriveScrypt } from './scrypt.ts'

const LAYOUT = /^([0-9a-f]{32}):([0-9a-f]{128})$/
/** Better Auth's own: it does not read them from the string. */
const PARAMETERS = { N: 2 ** 14, r: 16, p: 1 }

/** Better Auth 1.0 and later. Its parameters cannot be raised. */
export const betterAuthScrypt = createKeyFormat<typeof PARAMETERS>({
  name: 'better_auth_scrypt',
  length: 161,
  countsUtf16: true,
  prepare: (password) => password.normalize('NFKC'),
  read(passwordHash) {
    const [, salt, text = ''] = LAYOUT.exec(passwordHash) ?? []
    if (salt === undefined) return undefined
    return { parameters: PARAMETERS, salt, key: Buffer.from(text, 'hex') }
  },
  write: ({ salt, key }) => `${salt}:${key.toString('hex')}`,
  choose: () => PARAMETERS,
  makeSalt: () => randomBytes(16).toString('hex'),
  derive: deriveScrypt,
})
