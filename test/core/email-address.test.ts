// What counts as an address, what is trimmed and folded, and what is safe to hand to a mail provider.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  domainOf,
  foldAddress,
  foldAsciiCase,
  formatSender,
  isMailbox,
  isPrintable,
  looksLikeAddress,
  needsUtf8,
  parseSender,
  spellAddress,
  toAsciiDomain,
  trimIdentifier,
} from '../../src/core/email-address.ts'

describe('trimming', () => {
  test.each([
    [' ann@example.com ', 'ann@example.com'],
    ['\t\r\n\v\f ann@example.com\n', 'ann@example.com'],
    ['ann lee', 'ann lee'],
    ['  a  b  ', 'a  b'],
    [' \t\n', ''],
    ['', ''],
  ])('takes ASCII blanks from the edges of %j', (typed, trimmed) => {
    expect(trimIdentifier(typed)).toBe(trimmed)
  })

  test.each(['\u00a0', '\u200b', '\ufeff', '\u2028', '\u3000', '\u0085', '\0', '\u001f'])(
    'leaves %j at the edges, which is no ASCII blank',
    (character) => {
      const typed = `${character}ann@example.com${character}`
      expect(trimIdentifier(typed)).toBe(typed)
    },
  )

  test('takes time in proportion to what was typed, blanks within it too', () => {
    const typed = `a${' '.repeat(1_000_000)}b${'\t '.repeat(1_000_000)}c`
    const start = performance.now()
    trimIdentifier(typed)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})

describe('an address', () => {
  test.each([
    'ann@example.com',
    'ann+tag@example.co.uk',
    'a@b',
    '@',
    'a@b@c',
    'mıke@exämple.org',
    '用户@例子.广告',
    "o'neil@example.com",
    '%@example.com',
  ])('may be what %j looks like', (text) => {
    expect(looksLikeAddress(text)).toBe(true)
  })

  test.each([
    ['without an @', 'victim.example.com'],
    ['with a full-width @', 'victim＠example.org'],
    ['with a small @', 'victim﹫example.org'],
    ['with a line break', 'victim@example.com\r\nBcc: evil@evil.test'],
    ['with a line feed', 'victim@example.com\ncc:evil@evil.test'],
    ['with a carriage return', 'victim@example.com\rcc:evil@evil.test'],
    ['with a NUL', 'victim@example.com\0'],
    ['with a next-line character', 'victim@example.com\u0085x'],
    ['with a line separator', 'victim@example.com\u2028x'],
    ['with a paragraph separator', 'victim@example.com\u2029x'],
    ['with a lone surrogate', 'victim\ud800@example.com'],
    ['with a DEL', 'victim\u007f@example.com'],
  ])('is not a text %s', (_, text) => {
    expect(looksLikeAddress(text)).toBe(false)
  })

  test('may hold a pair of surrogates, which is one character', () => {
    expect(isPrintable('😀@example.com')).toBe(true)
  })
})

describe('folding', () => {
  test('lower-cases the letters A to Z', () => {
    expect(foldAsciiCase('VICTIM@Example.COM')).toBe('victim@example.com')
  })

  test.each([
    ['the Kelvin sign', '\u212aim@example.org', 'kim@example.org'],
    ['a capital I with a dot', 'M\u0130ke@example.org', 'mike@example.org'],
    ['a dotless i', 'm\u0131ke@example.org', 'mike@example.org'],
    ['a long s', 'bo\u017f\u017f@example.org', 'boss@example.org'],
    ['a sharp s', 'bo\u00df@example.org', 'boss@example.org'],
    ['a ligature', '\ufb01n@example.org', 'fin@example.org'],
    ['full-width letters', '\uff56ictim@example.org', 'victim@example.org'],
    ['a Cyrillic a', '\u0430nn@example.org', 'ann@example.org'],
    ['a letter with a combining accent', 'e\u0301@example.org', '\u00e9@example.org'],
    ['an upper-case letter with an accent', '\u00c9@example.org', '\u00e9@example.org'],
    ['a zero-width joiner', 'an\u200dn@example.org', 'ann@example.org'],
    ['a punycode domain', 'victim@xn--exmple-cua.org', 'victim@exämple.org'],
  ])('does not make %s the plain address', (_, lookalike, plain) => {
    expect(foldAsciiCase(lookalike)).not.toBe(foldAsciiCase(plain))
  })

  test('makes no ASCII character of any other one', () => {
    const others = Array.from({ length: 0x110000 - 0x80 }, (_, index) => index + 0x80)
    const folded = others.filter((code) => {
      const character = String.fromCodePoint(code)
      return foldAsciiCase(character) !== character
    })
    expect(folded).toEqual([])
  })

  test('changes nothing a second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(foldAsciiCase(foldAsciiCase(text))).toBe(foldAsciiCase(text))
      }),
    )
  })
})

describe('two spellings of an address', () => {
  test.each([
    ['user@überall-ist.de', 'USER@XN--BERALL-IST-8DB.DE'],
    ['user@überall-ist.de', 'User@ÜBERALL-ist\u3002de'],
    ['jürgen@exämple.org', 'JüRGEN@xn--exmple-cua.org'],
    ['"a@b"@exämple.org', '"A@B"@xn--exmple-cua.org'],
    ['Ann', 'aNN'],
  ])('are one: %j and %j', (one, other) => {
    expect(foldAddress(one)).toBe(foldAddress(other))
    expect(domainOf(one)).toBe(domainOf(other))
  })

  test.each([
    ['jürgen@example.org', 'JÜRGEN@example.org'],
    ['ju\u0308rgen@example.org', 'jürgen@example.org'],
    ['\u212aim@exämple.org', 'kim@exämple.org'],
    ['xn--jrgen-kva@example.org', 'jürgen@example.org'],
    ['victim@ｅxample.org', 'victim@example.org'],
    ['victim@ex\u0430mple.org', 'victim@example.org'],
    ['victim＠example.org', 'victim@example.org'],
    ['überall-ist.de', 'xn--berall-ist-8db.de'],
  ])('are two: %j and %j', (one, other) => {
    expect(foldAddress(one)).not.toBe(foldAddress(other))
  })

  test.each([
    ['ann@example.com', ['ann@example.com']],
    ['Ann@Example.com', ['Ann@Example.com', 'ann@example.com']],
    [
      'Ann@xn--berall-ist-8db.de',
      ['Ann@xn--berall-ist-8db.de', 'ann@xn--berall-ist-8db.de', 'ann@überall-ist.de'],
    ],
    [
      'ann@Überall-ist.de',
      ['ann@Überall-ist.de', 'ann@xn--berall-ist-8db.de', 'ann@überall-ist.de'],
    ],
    ['ann', ['ann']],
  ])('%j is looked for by each of them', (typed, spellings) => {
    expect(spellAddress(typed)).toEqual(spellings)
  })
})

describe('for a mail server', () => {
  test.each([
    ['User@überall-ist.de', 'User@xn--berall-ist-8db.de', false],
    ['User@Example.com', 'User@Example.com', false],
    ['Jürgen@überall-ist.de', 'Jürgen@xn--berall-ist-8db.de', true],
    ['jürgen@example.com', 'jürgen@example.com', true],
  ])('%j is %j', (address, spelled, isUtf8) => {
    expect([toAsciiDomain(address), needsUtf8(address)]).toEqual([spelled, isUtf8])
  })
})

describe('a sender', () => {
  test.each([
    ['Rekey <a@b.c>', 'Rekey <a@b.c>'],
    ['Doe, Inc. <a@b.c>', '"Doe, Inc." <a@b.c>'],
    ['"Doe, Inc." <a@b.c>', '"Doe, Inc." <a@b.c>'],
    ['App (beta) <a@b.c>', '"App (beta)" <a@b.c>'],
    ['Dr. Ünited <a@b.c>', '"Dr. Ünited" <a@b.c>'],
    ['App Ünited <a@b.c>', 'App Ünited <a@b.c>'],
    ['The "App" <a@b.c>', '"The \\"App\\"" <a@b.c>'],
    ['"The \\"App\\"" <a@b.c>', '"The \\"App\\"" <a@b.c>'],
    ['C:\\App <a@b.c>', '"C:\\\\App" <a@b.c>'],
    ['me@home <a@b.c>', '"me@home" <a@b.c>'],
    ['A;B:C [D] <a@b.c>', '"A;B:C [D]" <a@b.c>'],
    ['two  blanks <a@b.c>', '"two  blanks" <a@b.c>'],
    ['"" <a@b.c>', 'a@b.c'],
    ['<a@b.c>', 'a@b.c'],
    ['a@b.c', 'a@b.c'],
  ])('%j is written %j', (text, written) => {
    expect(formatSender(parseSender(text))).toBe(written)
    expect(formatSender(parseSender(written))).toBe(written)
  })
})

describe('a mailbox', () => {
  test.each([
    'ann@example.com',
    'ann.lee+reset@mail.example.co.uk',
    "o'neil_{x}!#$%&*/=?^`|~@example.com",
    'ann@localhost',
    'jürgen@exämple.org',
    '用户@例子.广告',
    `${'a'.repeat(242)}@example.com`,
  ])('is what %j is', (address) => {
    expect(isMailbox(address)).toBe(true)
  })

  test.each([
    ['nothing', ''],
    ['no @', 'ann'],
    ['no local part', '@example.com'],
    ['no domain', 'ann@'],
    ['two @', 'ann@evil@example.com'],
    ['a header', 'a@b.c\r\nBcc:x@y.z'],
    ['a line feed at the end', 'a@b.c\n'],
    ['a NUL', 'a@b.c\0'],
    ['a line separator', 'a@b.c\u2028'],
    ['two addresses with a comma', 'ann@example.com,evil@evil.test'],
    ['two addresses with a semicolon', 'ann@example.com;evil@evil.test'],
    ['two addresses with a blank', 'ann@example.com evil@evil.test'],
    ['a blank before it', ' ann@example.com'],
    ['a no-break space behind it', 'ann@example.com\u00a0'],
    ['a byte order mark', '\ufeffann@example.com'],
    ['a name', 'Ann <ann@example.com>'],
    ['angle brackets', '<ann@example.com>'],
    ['a comment', 'ann(evil)@example.com'],
    ['a quoted local part', '"ann lee"@example.com'],
    ['a group', 'friends:ann@example.com'],
    ['a route', '@evil.test:ann@example.com'],
    ['a domain literal', 'ann@[127.0.0.1]'],
    ['a backslash', 'ann\\@example.com'],
    ['a lone surrogate', 'ann\udc00@example.com'],
    ['a domain that looks like one in ASCII', 'ann@ｅxample.com'],
    ['255 characters', `${'a'.repeat(243)}@example.com`],
  ])('is not a text with %s', (_, address) => {
    expect(isMailbox(address)).toBe(false)
  })

  test.each([
    ['many labels', `a@${'a.'.repeat(60_000)}com`],
    ['a long local part', `${'a'.repeat(120_000)}@`],
    ['many blanks', `a@b${' '.repeat(120_000)}`],
    ['many @', '@'.repeat(120_000)],
  ])('is judged at once even with %s', (_, text) => {
    const start = performance.now()
    isMailbox(text)
    looksLikeAddress(text)
    foldAsciiCase(text)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
