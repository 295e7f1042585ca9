// argon2id as a PHC string: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>.
//
// Memory, passes and lanes are the least of OWASP's Password Storage Cheat Sheet.

import { type Algorithm, hash } from '@node-rs/argon2'
import type { PasswordFormat } from './format.ts'

const PARAMETERS = {
  // The library's enum exists for the compiler only.
  algorithm: 2 satisfies Algorithm.Argon2id as Algorithm,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
}

/** RFC 9106 argon2id. A string is 97 characters long. */
export const argon2id: PasswordFormat = {
  name: 'argon2id',
  recognise: (passwordHash) => /^\$argon2id\$v=\d+\$m=\d+,t=\d+,p=\d+\$/.test(passwordHash),
  hash: (password) => hash(password, PARAMETERS),
}
