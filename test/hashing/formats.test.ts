// Every format reads what its hosts made, and writes what they read, with parameters of OWASP's least.

import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { listPasswordFormatNames, passwordFormats } from '../../src/core/password-formats.ts'
import type { PasswordFormat } from '../../src/hashing/format.ts'
import { listPasswordFormats } from '../../src/hashing/registry.ts'
import { vectors, vectorsOnly } from './vectors.ts'

const formats = listPasswordFormats()
const named = (name: string, pepper?: string): PasswordFormat => {
  const format = listPasswordFormats(pepper).find((each) => each.name === name)
  if (!format) throw new Error(`no format ${name}`)
  return format
}
/** The first vector of a format that a pattern describes. */
const vectorOf = (name: string, pattern = /./): string => {
  const vector = vectors.find(({ format, hash }) => format === name && pattern.test(hash))
  if (!vector) throw new Error(`no such vector of ${name}`)
  return vector.hash
}

test('the formats are those of the table, in its order', () => {
  expect(formats.map(({ name }) => name)).toEqual(listPasswordFormatNames())
})

test('the pepper goes into those that take one by the table', async () => {
  const taking = await Promise.all(
    listPasswordFormats('pepper').map(async ({ name, hash }) => {
      const peppered = await hash('correct horse', cheapest(name))
      return (await named(name).verify('correct horse', peppered)) ? [] : [name]
    }),
  )
  const expected = Object.entries(passwordFormats).filter(([, facts]) => 'takesPepper' in facts)
  expect(taking.flat()).toEqual(expected.map(([name]) => name))
})

test('every format has vectors by a framework', () => {
  const made = new Set(vectors.map(({ format }) => format))
  expect(formats.filter(({ name }) => !made.has(name))).toEqual([])
})

test('the page calls those vectors only that no framework can be asked about, and by whom they are', () => {
  const page = readFileSync(new URL('../../docs/password-formats.md', import.meta.url), 'utf8')
  const [sentence = ''] = /vectors only[\s\S]*$/.exec(page) ?? []
  const named = listPasswordFormatNames().filter((name) => sentence.includes(`\`${name}\``))
  expect(named).toEqual(vectorsOnly)
  const makers = vectors.filter(({ format }) => vectorsOnly.includes(format))
  for (const { madeBy } of makers) expect(sentence).toContain(madeBy.replace(/ tests.*/, ''))
})

describe.each(vectors)('$format by $madeBy, $password', ({ format, password, pepper, hash }) => {
  test('is recognised by its own format first', () => {
    const first = formats.find((each) => each.recognise(hash))?.name
    expect(first).toBe(format === 'bcrypt_2y' ? 'bcrypt' : format)
  })

  test('verifies the password', async () => {
    expect(await named(format, pepper).verify(password, hash)).toBe(true)
  })
})

const MOST = '𝒶𝒷𝒸𝒹'.repeat(32)

describe.each(formats)('$name', (format) => {
  test('writes what it recognises and verifies, as long as the table says', async () => {
    const hash = await format.hash('correct horse')
    expect(format.recognise(hash)).toBe(true)
    expect(await format.verify('correct horse', hash)).toBe(true)
    expect(hash).toHaveLength(passwordFormats[format.name].hashLength)
  })

  test('salts anew each time', async () => {
    const hashes = await Promise.all([format.hash('correct horse'), format.hash('correct horse')])
    expect(hashes[0]).not.toBe(hashes[1])
  })

  test('keeps blanks at the edges, case, and the last of 72 bytes', async () => {
    const password = `  Edges kept ${'é'.repeat(28)}xy `
    expect(Buffer.byteLength(password)).toBe(72)
    const hash = await format.hash(password, cheapest(format.name))
    const others = [password.trim(), password.toLowerCase(), password.replace('xy ', 'xy.')]
    const verified = [password, ...others].map((each) => format.verify(each, hash))
    expect(await Promise.all(verified)).toEqual([true, false, false, false])
  })

  test('throws for a hash that is not its own', async () => {
    await expect(format.verify('correct horse', 'md5:1')).rejects.toThrow(TypeError)
  })

  test('does not recognise its hash with anything around it', async () => {
    const hash = vectorOf(format.name)
    for (const other of [` ${hash}`, `${hash} `, `${hash}\n`, `!${hash}`, hash.slice(0, -44)]) {
      expect(format.recognise(other)).toBe(false)
    }
  })
})

test.each(formats.filter(({ maxBytes }) => maxBytes === undefined))(
  '$name keeps the last of 128 characters of four bytes',
  async (format) => {
    const hash = await format.hash(MOST, cheapest(format.name))
    expect(await format.verify(MOST, hash)).toBe(true)
    expect(await format.verify(`${MOST.slice(0, -2)}𝒶`, hash)).toBe(false)
  },
)

test.each(formats.filter(({ prepare }) => prepare === undefined))(
  '$name tells composed letters from decomposed ones',
  async (format) => {
    const hash = await format.hash('caf\u00e9 au lait', cheapest(format.name))
    expect(await format.verify('cafe\u0301 au lait', hash)).toBe(false)
  },
)

/** A row that costs least to hash beside, as raised as it may be. */
function cheapest(name: string): string {
  return vectors.findLast(({ format }) => format === name)?.hash ?? ''
}

describe('the parameters of a row', () => {
  // biome-ignore format: a table is read in columns.
  test.each<[string, string, string, string]>([
    ['argon2id', '$m=8,t=1,p=1$', '$m=19456,t=2,p=1$', 'are raised'],
    ['argon2id', '$m=512,t=3,p=2$', '$m=19456,t=3,p=2$', 'are raised one by one'],
    ['argon2id', '$m=47104,t=1,p=1$', '$m=47104,t=1,p=1$', 'stay, at another of the least'],
    ['argon2id', '$m=7168,t=5,p=1$', '$m=7168,t=5,p=1$', 'stay, at the smallest of the least'],
    ['argon2id', '$m=65536,t=4,p=4$', '$m=65536,t=4,p=4$', 'stay where they are more'],
    ['argon2i', '$m=8,t=1,p=1$', '$m=19456,t=2,p=1$', 'are raised'],
    ['argon2i', '$m=65536,t=4,p=1$', '$m=65536,t=4,p=1$', 'stay'],
    ['django_argon2', '$argon2id$v=19$m=512,t=2,p=2$', '$argon2id$v=19$m=19456,t=2,p=2$', 'are raised'],
    ['django_argon2', '$argon2i$v=19$m=102400,t=2,p=8$', '$argon2i$v=19$m=102400,t=2,p=8$', 'stay'],
    ['bcrypt', '$2a$04$', '$2a$10$', 'are raised'],
    ['bcrypt', '$2b$09$', '$2b$10$', 'are raised'],
    ['bcrypt', '$2y$11$', '$2y$11$', 'stay'],
    ['bcrypt_2y', '$2y$10$', '$2y$10$', 'stay'],
    ['django_bcrypt', 'bcrypt$$2b$06$', 'bcrypt$$2b$10$', 'are raised'],
    ['django_bcrypt', 'bcrypt$$2a$11$', 'bcrypt$$2a$11$', 'stay'],
    ['django_bcrypt_sha256', 'bcrypt_sha256$$2b$04$', 'bcrypt_sha256$$2b$10$', 'are raised'],
    ['django_pbkdf2_sha256', 'pbkdf2_sha256$1000$', 'pbkdf2_sha256$600000$', 'are raised'],
    ['django_pbkdf2_sha256', 'pbkdf2_sha256$600001$', 'pbkdf2_sha256$600001$', 'stay'],
    ['django_pbkdf2_sha1', 'pbkdf2_sha1$260000$', 'pbkdf2_sha1$1400000$', 'are raised'],
    ['werkzeug_pbkdf2', 'pbkdf2:sha256:1000$', 'pbkdf2:sha256:600000$', 'are raised'],
    ['werkzeug_pbkdf2', 'pbkdf2:sha1:1000$', 'pbkdf2:sha1:1400000$', 'are raised, and the digest stays'],
    ['werkzeug_pbkdf2', 'pbkdf2:sha512:1000$', 'pbkdf2:sha512:220000$', 'are raised, and the digest stays'],
    ['werkzeug_scrypt', 'scrypt:32768:8:1$', 'scrypt:32768:8:3$', 'are raised within their memory'],
    ['werkzeug_scrypt', 'scrypt:1024:4:1$', 'scrypt:16384:8:5$', 'are raised'],
    ['werkzeug_scrypt', 'scrypt:131072:8:1$', 'scrypt:131072:8:1$', 'stay'],
    ['werkzeug_scrypt', 'scrypt:8192:8:12$', 'scrypt:8192:8:12$', 'stay'],
  ])('of %s, %s, become %s: they %s', async (name, own, written) => {
    const format = named(name)
    const row = withParameters(name, own)
    expect(format.recognise(row)).toBe(true)
    const hash = await format.hash('correct horse', row)
    expect(hash).toContain(written)
    const draft = format.draft(row)
    expect(draft).toContain(written)
    expect(draft).toHaveLength(hash.length)
    expect(await format.verify('correct horse', hash)).toBe(true)
  })

  test("of Django's scrypt are raised within its 32 MiB and its 128 characters", async () => {
    const row = vectorOf('django_scrypt', /^scrypt\$1024\$/)
    const hash = await named('django_scrypt').hash('correct horse', row)
    expect(hash).toMatch(/^scrypt\$16384\$[A-Za-z0-9]{22}\$8\$5\$[A-Za-z0-9+/]{86}==$/)
    const older = row.replace('scrypt$1024$', 'scrypt$16384$')
    expect(await named('django_scrypt').hash('correct horse', older)).toHaveLength(128)
  })

  // biome-ignore format: a table is read in columns.
  test.each<[string, string]>([
    ['argon2id', '$m=262145,t=1,p=1$'],
    ['argon2id', '$m=4294967295,t=1,p=1$'],
    ['argon2id', '$m=19456,t=33,p=1$'],
    ['argon2id', '$m=19456,t=2,p=17$'],
    ['argon2id', '$m=019456,t=2,p=1$'],
    ['argon2id', '$m=0,t=2,p=1$'],
    ['django_argon2', '$argon2id$v=19$m=1048576,t=2,p=8$'],
    ['bcrypt', '$2b$17$'],
    ['bcrypt', '$2b$31$'],
    ['bcrypt', '$2b$03$'],
    ['bcrypt', '$2x$10$'],
    ['django_bcrypt', 'bcrypt$$2b$20$'],
    ['django_bcrypt_sha256', 'bcrypt_sha256$$2b$20$'],
    ['django_pbkdf2_sha256', 'pbkdf2_sha256$10000001$'],
    ['django_pbkdf2_sha256', 'pbkdf2_sha256$0$'],
    ['django_pbkdf2_sha1', 'pbkdf2_sha1$99999999$'],
    ['werkzeug_pbkdf2', 'pbkdf2:sha256:10000001$'],
    ['werkzeug_pbkdf2', 'pbkdf2:md5:1000$'],
    ['werkzeug_pbkdf2', 'pbkdf2:sha256$'],
    ['werkzeug_scrypt', 'scrypt:524288:8:1$'],
    ['werkzeug_scrypt', 'scrypt:2:33:1$'],
    ['werkzeug_scrypt', 'scrypt:32768:8:17$'],
    ['werkzeug_scrypt', 'scrypt:32767:8:1$'],
    ['werkzeug_scrypt', 'scrypt:1:8:1$'],
    ['werkzeug_scrypt', 'scrypt:2097152:1:1$'],
    ['werkzeug_scrypt', 'scrypt:262144:8:5$'],
    ['django_scrypt', 'scrypt$1048576$'],
  ])('of %s, %s, make a hash that no format knows', (name, own) => {
    const row = withParameters(name, own)
    expect(formats.filter((format) => format.recognise(row))).toEqual([])
  })
})

// A row with r = 1 was within the memory, and the hash beside it, with r = 8, was not: the reset took
// gigabytes, and the account could never be reset again.
test('the hash beside a recognised row is recognised in its turn, and costs no more to replace', () => {
  const rows = formats.map(({ name }) => rowsOf(name).map((row) => ({ name, row })))
  fc.assert(
    fc.property(fc.oneof(...rows), ({ name, row }) => {
      const format = named(name)
      fc.pre(format.recognise(row))
      const draft = format.draft(row)
      expect(format.recognise(draft)).toBe(true)
      const parameters = PARAMETERS[name] ?? /$^/
      expect(parameters.exec(format.draft(draft))?.[0]).toBe(parameters.exec(draft)?.[0])
    }),
    { numRuns: 2000 },
  )
})

/** Rows of a format with parameters within its bounds and beyond. */
function rowsOf(name: string): fc.Arbitrary<string> {
  const upTo = (max: number) => fc.integer({ min: 0, max })
  const row = vectorOf(name)
  const beside = (own: fc.Arbitrary<string>) => own.map((text) => withParameters(name, text))
  const scrypt = fc.tuple(
    upTo(31).map((bits) => 2 ** bits),
    upTo(40),
    upTo(20),
  )
  const iterations = fc.oneof(upTo(2_000_000), upTo(20_000_000))
  const digest = fc.constantFrom('sha1', 'sha256', 'sha512')
  const costs = fc.tuple(fc.oneof(upTo(20_000), upTo(300_000)), upTo(40), upTo(20))
  const argon2 = costs.map(([m, t, p]) => `$m=${m},t=${t},p=${p}$`)
  const bcrypt = fc
    .tuple(fc.constantFrom('2a', '2b', '2y'), upTo(31))
    .map(([prefix, cost]) => `$${prefix}$${String(cost).padStart(2, '0')}$`)
  switch (name) {
    case 'argon2id':
    case 'argon2i':
      return beside(argon2)
    case 'django_argon2':
      return beside(argon2.map((costs) => `$argon2id$v=19${costs}`))
    case 'bcrypt':
    case 'bcrypt_2y':
      return beside(bcrypt)
    case 'django_bcrypt':
    case 'django_bcrypt_sha256':
      return beside(bcrypt.map((costs) => row.replace(/\$\$.*/, '$') + costs))
    case 'django_pbkdf2_sha256':
    case 'django_pbkdf2_sha1':
      return beside(iterations.map((n) => row.replace(/\$.*/, `$$${n}$$`)))
    case 'werkzeug_pbkdf2':
      return beside(fc.tuple(digest, iterations).map(([by, n]) => `pbkdf2:${by}:${n}$`))
    case 'django_scrypt': {
      const [, , salt, , , key] = row.split('$')
      return scrypt.map(([N, r, p]) => `scrypt$${N}$${salt}$${r}$${p}$${key}`)
    }
    case 'werkzeug_scrypt':
      return beside(scrypt.map(([N, r, p]) => `scrypt:${N}:${r}:${p}$`))
    default:
      return fc.constant(row)
  }
}

// How the parameters of each format begin or stand within its string.
const PARAMETERS: Readonly<Record<string, RegExp>> = {
  argon2id: /\$m=.*?\$/,
  argon2i: /\$m=.*?\$/,
  django_argon2: /\$argon2id?\$.*?\$m=.*?\$/,
  bcrypt: /^\$..\$..\$/,
  bcrypt_2y: /^\$..\$..\$/,
  django_bcrypt: /^bcrypt\$\$..\$..\$/,
  django_bcrypt_sha256: /^bcrypt_sha256\$\$..\$..\$/,
  django_pbkdf2_sha256: /^.*?\$.*?\$/,
  django_pbkdf2_sha1: /^.*?\$.*?\$/,
  django_scrypt: /^scrypt\$.*?\$/,
  werkzeug_scrypt: /^.*?\$/,
  werkzeug_pbkdf2: /^.*?\$/,
}

/** A framework's hash with other parameters, and a key as long as its digest. */
function withParameters(name: string, own: string): string {
  const digest = /sha1:|sha512:/.exec(own)?.[0]
  const row = vectorOf(name, digest ? new RegExp(digest) : /./)
  return row.replace(PARAMETERS[name] ?? /$^/, () => own)
}

describe('salts', () => {
  test.each([
    ['argon2id', /^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/],
    ['django_pbkdf2_sha256', /^pbkdf2_sha256\$600000\$[A-Za-z0-9]{22}\$[A-Za-z0-9+/]{43}=$/],
    ['werkzeug_pbkdf2', /^pbkdf2:sha256:600000\$[A-Za-z0-9]{16}\$[0-9a-f]{64}$/],
    ['better_auth_scrypt', /^[0-9a-f]{32}:[0-9a-f]{128}$/],
  ])('of %s are as its host makes them', async (name, pattern) => {
    expect(await named(name).hash('correct horse')).toMatch(pattern)
  })

  test("of Django's argon2 are a text that Django can read", async () => {
    const [, , , , salt = ''] = (await named('django_argon2').hash('correct horse')).split('$')
    expect(Buffer.from(salt, 'base64').toString()).toMatch(/^[A-Za-z0-9]{22}$/)
  })
})

describe('bcrypt', () => {
  const bcrypt = named('bcrypt')
  const row = vectorOf('bcrypt', /\$04\$/)

  test.each(['2a', '2b', '2y'])('keeps the prefix $%s$ of the row', async (prefix) => {
    const own = row.replace(/^\$2./, `$$${prefix}`)
    const hash = await bcrypt.hash('correct horse', own)
    expect(hash.slice(0, 4)).toBe(`$${prefix}$`)
    expect(await bcrypt.verify('correct horse', hash)).toBe(true)
  })

  test.each([
    ['bcrypt', '$2b$12$'],
    ['bcrypt_2y', '$2y$12$'],
    ['django_bcrypt', 'bcrypt$$2b$12$'],
  ])('as %s begins with %s where there is no row', async (name, beginning) => {
    expect((await named(name).hash('correct horse')).startsWith(beginning)).toBe(true)
  })

  test('for PHP recognises only the prefix of PHP', () => {
    const forPhp = named('bcrypt_2y')
    const found = ['$2a', '$2b', '$2y'].map((prefix) => forPhp.recognise(prefix + row.slice(3)))
    expect(found).toEqual([false, false, true])
  })

  test('appends the pepper to the password', async () => {
    const hash = await named('bcrypt', 'pepper').hash('correct horse', row)
    expect(await bcrypt.verify('correct horsepepper', hash)).toBe(true)
    expect(await bcrypt.verify('correct horse', hash)).toBe(false)
    expect(await named('bcrypt', 'other').verify('correct horse', hash)).toBe(false)
  })

  test('cuts password and pepper at 72 bytes together, as Devise does', async () => {
    const password = 'é'.repeat(35)
    const hash = await named('bcrypt', 'ab and more').hash(password, row)
    expect(await bcrypt.verify(`${password}ab`, hash)).toBe(true)
  })

  test('of Django knows no pepper', async () => {
    const hash = await named('django_bcrypt', 'pepper').hash('correct horse')
    expect(await named('django_bcrypt').verify('correct horse', hash)).toBe(true)
  })
})

describe('Better Auth', () => {
  test('takes all spellings of one text in NFKC for one password', async () => {
    const format = named('better_auth_scrypt')
    const hash = await format.hash('ﬁne caf\u00e9 Ａ')
    expect(await format.verify('fine cafe\u0301 A', hash)).toBe(true)
    expect(format.prepare?.('ﬁne')).toBe('fine')
  })
})
