// Which stored hashes may be replaced, in which format, and what the rules are told about it.

import { verify } from '@node-rs/argon2'
import { describe, expect, test } from 'vitest'
import type { PasswordFormat } from '../../src/hashing/format.ts'
import { createHashLine } from '../../src/hashing/hash-line.ts'
import { createHasher } from '../../src/hashing/hasher.ts'
import { listPasswordFormats } from '../../src/hashing/registry.ts'
import type { Hasher } from '../../src/ports.ts'
import { vectors } from './vectors.ts'

const line = createHashLine(2, 10)
const formats = listPasswordFormats()
const auto = createHasher({ formats, named: undefined, requireUsable: true }, line)
const named = hasherFor('argon2id')
const ARGON2ID = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNoaGFzaA'
const BCRYPT = '$2b$12$LJ3m4ys3Lk0sVtXXpv9Mh.7Uj3Y1yN9Y4v1eSxXqFhW3U8z3o0z2C'
const BETTER_AUTH = `${'0a'.repeat(16)}:${'0b'.repeat(64)}`

function hasherFor(name: string, requireUsable = true): Hasher {
  return createHasher({ formats, named: formatCalled(name), requireUsable }, line)
}

function formatCalled(name: string): PasswordFormat {
  const format = formats.find((each) => each.name === name)
  if (!format) throw new Error(`no format ${name}`)
  return format
}

describe.each<[string, string | null]>([
  ['nothing', null],
  ['an empty text', ''],
  ['an exclamation mark', '!'],
  ['the mark of Django', '!k3Ws8HVuPbXqN2vYd7LrTz5jA9fGhCe1MoQpRs4u'],
  ['a locked hash of a shadow file', `!${ARGON2ID}`],
  ['two exclamation marks', '!!'],
  ['an asterisk', '*'],
  ['the lock of Solaris', '*LK*'],
  ['a blank', ' '],
  ['a line break', '\n'],
  ['blanks, as a column of fixed width is read', ' '.repeat(128)],
  ['a letter', 'x'],
  ['a hyphen', '-'],
  ['the word NULL', 'NULL'],
  ['the word locked, filled up with blanks', 'locked'.padEnd(60)],
  ['a character less than any hash has', 'abJnggxhB/yW'],
])('an account whose password column holds %s', (_, passwordHash) => {
  test('may not be replaced, whatever PASSWORD_HASH is', () => {
    expect([auto.canReplace(passwordHash), named.canReplace(passwordHash)]).toEqual([false, false])
  })

  test('may be where first passwords are set, and gets the named format', async () => {
    const first = hasherFor('argon2id', false)
    expect(first.canReplace(passwordHash)).toBe(true)
    const hash = await first.hash('correct horse', passwordHash)
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(await verify(hash, 'correct horse')).toBe(true)
  })
})

describe('PASSWORD_HASH=auto', () => {
  test.each([
    ['argon2id', ARGON2ID],
    ['argon2i', ARGON2ID.replace('argon2id', 'argon2i')],
    ['bcrypt', BCRYPT],
    ['argon2id as Django stores it', `argon2${ARGON2ID}`],
    ['scrypt of Better Auth', BETTER_AUTH],
  ])('replaces %s', (_, passwordHash) => {
    expect(auto.canReplace(passwordHash)).toBe(true)
  })

  test.each([
    ['argon2d', ARGON2ID.replace('argon2id', 'argon2d')],
    ['MD5 of Django', 'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99'],
    ['SHA-1 of LDAP', '{SSHA}fUchp1MNQqfsD1oRGdBRvAFQfk7Gv2pB'],
    ['SHA-512 crypt', '$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq'],
    ['DES crypt, as short as a hash can be', 'abJnggxhB/yWI'],
    ['a bare digest', '5f4dcc3b5aa765d61d8327deb882cf99'],
    ['a plain password', 'hunter2'],
    ['the name alone', 'argon2id'],
    ['a cut string', '$argon2id$'],
    ['blanks', '   '],
    ['a line break before it', `\n${ARGON2ID}`],
    ['a line break after it', `${BCRYPT}\n`],
  ])('does not replace %s, which it could not keep', (_, passwordHash) => {
    expect(auto.canReplace(passwordHash)).toBe(false)
  })

  test('refuses to make a hash for a format that it does not replace', () => {
    expect(() => auto.hash('correct horse', 'md5:1')).toThrow(TypeError)
    expect(() => auto.prepare('correct horse', null)).toThrow(TypeError)
  })

  test('knows no limit that holds for every row', () => {
    expect(auto.maxBytes).toBeUndefined()
  })

  test('judges each password as the format of its row prepares it', () => {
    const typed = 'ﬁne Ａngstrom'
    expect(auto.prepare(typed, BCRYPT)).toEqual({ prepared: typed, maxBytes: 72 })
    expect(auto.prepare(typed, ARGON2ID)).toEqual({ prepared: typed, maxBytes: undefined })
    const prepared = typed.normalize('NFKC')
    expect(auto.prepare(typed, BETTER_AUTH)).toEqual({ prepared, countsUtf16: true })
  })
})

describe('a named PASSWORD_HASH', () => {
  test.each([
    ['bcrypt', BCRYPT],
    ['a format that nobody knows', 'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99'],
    ['DES crypt, as short as a hash can be', 'abJnggxhB/yWI'],
    ['its own format', ARGON2ID],
  ])('replaces %s', (_, passwordHash) => {
    expect(named.canReplace(passwordHash)).toBe(true)
  })

  test('writes the format that it names', async () => {
    expect(await named.hash('correct horse', BCRYPT)).toMatch(/^\$argon2id\$/)
  })

  test('keeps the parameters of a row in its format', async () => {
    const costly = ARGON2ID.replace('m=8,t=1', 'm=20000,t=3')
    expect(await named.hash('correct horse', costly)).toContain('$m=20000,t=3,p=1$')
  })

  test.each([
    ['argon2id', undefined],
    ['bcrypt', 72],
    ['bcrypt_2y', 72],
    ['django_bcrypt', 72],
    ['django_bcrypt_sha256', undefined],
    ['better_auth_scrypt', undefined],
  ])('of %s knows that its limit in bytes is %s for every row', (name, maxBytes) => {
    const hasher = hasherFor(name)
    expect([hasher.maxBytes, hasher.prepare('x', ARGON2ID).maxBytes]).toEqual([maxBytes, maxBytes])
  })
})

describe('a password is compared', () => {
  test.each(vectors)(
    'with the hash of $format by $madeBy, whatever PASSWORD_HASH is',
    async (vector) => {
      const { password, pepper, hash } = vector
      for (const named of [undefined, formatCalled('argon2id')]) {
        const settings = { formats: listPasswordFormats(pepper), named, requireUsable: true }
        const hasher = createHasher(settings, line)
        expect(await hasher.verify(password, hash)).toBe(true)
        expect(await hasher.verify(`x${password}`, hash)).toBe(false)
      }
    },
  )

  test.each([
    ['nothing', null],
    ['a mark', '!'],
    ['an unknown format', 'md5$salt$5f4dcc3b5aa765d61d8327deb882cf99'],
    ['a cost beyond all limits', BCRYPT.replace('$12$', '$31$')],
    ['what only looks like argon2', '$argon2id$v=19$m=8,t=1,p=1$c2$aGFzaA'],
  ])('with %s, and is not it', async (_, held) => {
    for (const password of ['', '!', 'correct horse']) {
      expect(await auto.verify(password, held)).toBe(false)
    }
  })

  test("as typed: half a pictograph is nobody's password", async () => {
    const hash = await auto.hash('correct \ufffd horse', ARGON2ID)
    expect(await auto.verify('correct \ufffd horse', hash)).toBe(true)
    expect(await auto.verify('correct \ud83e horse', hash)).toBe(false)
  })
})

test('a hash of whichever format is refused when the line is full', async () => {
  const settings = { formats, named: undefined, requireUsable: true }
  const full = createHasher(settings, createHashLine(0, 0))
  for (const row of [ARGON2ID, BCRYPT, BETTER_AUTH]) {
    await expect(full.hash('correct horse', row)).rejects.toMatchObject({ code: 'unavailable' })
    await expect(full.verify('correct horse', row)).rejects.toMatchObject({ code: 'unavailable' })
  }
})
