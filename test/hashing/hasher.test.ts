// Which stored hashes may be replaced, and that what is written verifies exactly the password typed.

import { verify } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import { argon2id } from '../../src/hashing/argon2id.ts'
import { createHashLine } from '../../src/hashing/hash-line.ts'
import { createHasher } from '../../src/hashing/hasher.ts'
import { passwordFormats } from '../../src/hashing/registry.ts'

const line = createHashLine(2, 10)
const auto = createHasher(passwordFormats, undefined, line)
const named = createHasher(passwordFormats, argon2id, line)
const ARGON2ID = '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA'
const BCRYPT = '$2b$12$LJ3m4ys3Lk0sVtXXpv9Mh.7Uj3Y1yN9Y4v1eSxXqFhW3U8z3o0z2C'

describe('an account without a usable password', () => {
  test.each([
    ['an empty text', ''],
    ['an exclamation mark', '!'],
    ['the mark of Django', '!k3Ws8HVuPbXqN2vYd7LrTz5jA9fGhCe1MoQpRs4u'],
    ['a locked hash of a shadow file', `!${ARGON2ID}`],
    ['two exclamation marks', '!!'],
    ['an asterisk', '*'],
    ['the lock of Solaris', '*LK*'],
  ])('has %s and may not be replaced, whatever PASSWORD_HASH is', (_, passwordHash) => {
    expect([auto.canReplace(passwordHash), named.canReplace(passwordHash)]).toEqual([false, false])
  })
})

describe('PASSWORD_HASH=auto', () => {
  test.each([
    ['argon2id', ARGON2ID],
    ['argon2id with other parameters', '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA'],
  ])('replaces %s', (_, passwordHash) => {
    expect(auto.canReplace(passwordHash)).toBe(true)
  })

  test.each([
    ['bcrypt', BCRYPT],
    ['argon2i', ARGON2ID.replace('argon2id', 'argon2i')],
    ['argon2d', ARGON2ID.replace('argon2id', 'argon2d')],
    ['argon2id as Django stores it', `argon2${ARGON2ID}`],
    ['PBKDF2 of Django', 'pbkdf2_sha256$1000000$salt$aGFzaA='],
    ['a bare digest', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['a plain password', 'hunter2'],
    ['the name alone', 'argon2id'],
    ['a cut string', '$argon2id$'],
    ['blanks', '   '],
    ['a line break before it', `\n${ARGON2ID}`],
  ])('does not replace %s, which it could not keep', (_, passwordHash) => {
    expect(auto.canReplace(passwordHash)).toBe(false)
  })

  test('refuses to make a hash for a format that it does not replace', () => {
    expect(() => auto.hash('correct horse', BCRYPT)).toThrow(TypeError)
  })
})

describe('a named PASSWORD_HASH', () => {
  test.each([
    ['bcrypt', BCRYPT],
    ['PBKDF2 of Django', 'pbkdf2_sha256$1000000$salt$aGFzaA='],
    ['its own format', ARGON2ID],
  ])('replaces %s', (_, passwordHash) => {
    expect(named.canReplace(passwordHash)).toBe(true)
  })

  test('writes the format that it names', async () => {
    expect(argon2id.recognise(await named.hash('correct horse', BCRYPT))).toBe(true)
  })
})

describe('a new hash', () => {
  test('has the parameters of OWASP, 16 bytes of salt and 32 of hash', async () => {
    const hash = await auto.hash('correct horse', ARGON2ID)
    expect(hash).toMatch(
      /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/,
    )
  })

  test('has 97 characters, however long the password is', async () => {
    const hashes = await Promise.all(['a', 'ж'.repeat(4096)].map((word) => argon2id.hash(word)))
    expect(hashes.map(({ length }) => length)).toEqual([97, 97])
  })

  test('of the same password is another one each time', async () => {
    const hashes = await Promise.all([1, 2, 3].map(() => auto.hash('correct horse', ARGON2ID)))
    const salts = hashes.map((hash) => hash.split('$')[4])
    expect([new Set(hashes).size, new Set(salts).size]).toEqual([3, 3])
  })

  test('is in a format that may be replaced again', async () => {
    expect(auto.canReplace(await auto.hash('correct horse', ARGON2ID))).toBe(true)
  })

  test.each([
    ['blanks at the edges', ' edges kept ', 'edges kept'],
    ['case', 'Correct Horse', 'correct horse'],
    ['the composed form', 'caf\u00e9 au lait', 'cafe\u0301 au lait'],
    ['full-width digits', '１２３ abcde', '123 abcde'],
    ['what follows a NUL', 'correct horse\0battery', 'correct horse'],
    ['the last of 100 bytes', `${'x'.repeat(99)}y`, `${'x'.repeat(99)}z`],
    ['the last of 128 emoji', `${'😀'.repeat(127)}😁`, '😀'.repeat(128)],
  ])('keeps %s', async (_, password, other) => {
    const hash = await auto.hash(password, ARGON2ID)
    expect([await verify(hash, password), await verify(hash, other)]).toEqual([true, false])
  })

  test('is refused when the line is full', async () => {
    const full = createHasher(passwordFormats, undefined, createHashLine(0, 0))
    await expect(full.hash('correct horse', ARGON2ID)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

test('every format has a name of its own and knows what it writes', async () => {
  const names = passwordFormats.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const format of passwordFormats) {
    expect(format.recognise(await format.hash('correct horse'))).toBe(true)
  }
})
