// Which addresses Django takes, as its own tests and its pattern have them.

import { describe, expect, test } from 'vitest'
import { isDjangoAddress } from '../../src/core/django-address.ts'

const label = (length: number) => 'a'.repeat(length)

describe('taken are', () => {
  test.each([
    'email@here.com',
    'weirder-email@here.and.there.example',
    'email@[127.0.0.1]',
    'email@[2001:dB8::1]',
    'email@[::ffff:127.0.0.1]',
    'example@valid-----hyphens.com',
    'example@valid-with-hyphens.com',
    'test@domain.with.idn.tld.उदाहरण.परीक्षा',
    'email@localhost',
    `a@${label(63)}.us`,
    '"test@test"@example.com',
    '"\\\t"@here.com',
    "o'hara+tag=!#$%&*/?^_`{}|~-@example.com",
    'm\u0131ke@example.org',
    'user@bücher.example',
  ])('%j', (text) => {
    expect(isDjangoAddress(text)).toBe(true)
  })
})

describe('refused are', () => {
  test.each([
    '',
    'abc',
    'abc@',
    'abc@bar',
    'a @x.cz',
    'abc@.com',
    'something@@somewhere.com',
    'email@127.0.0.1',
    'email@[127.0.0.256]',
    'email@[2001:db8::12345]',
    'email@[2001:db8:0:0:1]',
    'example@invalid-.com',
    'example@-invalid.com',
    'example@invalid.com-',
    'example@inv-.alid-.com',
    'example@inv-.-alid.com',
    'test@example.com\n\n<script src="x.js">',
    '"\\\n"@here.com',
    'trailingdot@shouldfail.com.',
    `a@${label(64)}.us`,
    'Email@LOCALHOST',
    'a@b.com\n',
    '.a@b.com',
    'a..b@c.com',
    'u\u0455er5@mail.com',
    '\uff41@example.com',
    'a\0@example.com',
  ])('%j', (text) => {
    expect(isDjangoAddress(text)).toBe(false)
  })

  test('more than 320 characters', () => {
    const ofLength = (length: number) => `${label(length - 12)}@example.com`
    expect(isDjangoAddress(ofLength(320))).toBe(true)
    expect(isDjangoAddress(ofLength(321))).toBe(false)
  })
})

// A pattern that tries every way to read these would not be done in the time that a test has.
test.each([
  'a.'.repeat(160),
  `${'a'.repeat(300)}@`,
  `a@${'a.'.repeat(158)}-`,
  `a@${'a-'.repeat(150)}`,
  `"${'\\a'.repeat(150)}`,
  `"${'\\'.repeat(300)}@b.com`,
])('a text of 300 characters is refused in no time', (text) => {
  expect(isDjangoAddress(text)).toBe(false)
})
