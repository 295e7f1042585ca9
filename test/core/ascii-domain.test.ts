// The two spellings of a domain beyond ASCII, by the examples of RFC 3492 and UTS #46, and what is read
// as neither.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { spellInAscii, spellInUnicode } from '../../src/core/ascii-domain.ts'

describe('a domain', () => {
  test.each([
    ['überall-ist.de', 'xn--berall-ist-8db.de'],
    ['ÜBERALL-IST.DE', 'xn--berall-ist-8db.de'],
    ['XN--BERALL-IST-8DB.de', 'xn--berall-ist-8db.de'],
    ['u\u0308berall-ist.de', 'xn--berall-ist-8db.de'],
    ['Bücher.example', 'xn--bcher-kva.example'],
    ['faß.de', 'xn--fa-hia.de'],
    ['βόλος.com', 'xn--nxasmm1c.com'],
    ['日本語。ＪＰ'.replace('ＪＰ', 'jp'), 'xn--wgv71a119e.jp'],
    ['example\u3002com', 'example.com'],
    ['example\uff0ecom', 'example.com'],
    ['überall-ist\uff61de', 'xn--berall-ist-8db.de'],
    ['Example.COM', 'example.com'],
    ['localhost', 'localhost'],
    ['', ''],
  ])('%j is %j in ASCII', (domain, ascii) => {
    expect(spellInAscii(domain)).toBe(ascii)
  })

  test.each([
    ['full-width letters', 'ｅｘａｍｐｌｅ.com'],
    ['a full-width letter beside one beyond ASCII', 'übeｒall-ist.de'],
    ['the Kelvin sign', '\u212aim.example'],
    ['the Kelvin sign beside a letter beyond ASCII', '\u212aü.example'],
    ['a capital I with a dot', '\u0130stanbul.example'],
    ['a long s', 'bo\u017f\u017f.example'],
    ['a ligature', '\ufb01n.example'],
    ['a digit in a circle', '①ü.example'],
    ['full-width digits', '１２７.１'],
    ['a soft hyphen', 'über\u00adall.example'],
    ['a zero-width joiner', 'an\u200dn.example'],
    ['a zero-width space', 'ü\u200b.example'],
    ['a Greek question mark', 'ü\u037e.example'],
    ['a percent sign', 'ü%41.example'],
    ['a full-width percent sign', 'ü％41.example'],
    ['an account-of sign', '℀ü.example'],
    ['a line break', 'ü\n.example'],
    ['an A-label that is none', 'xn--ü.example'],
  ])('with %s stays as it is', (_, domain) => {
    expect(spellInAscii(domain)).toBe(domain)
  })

  test('that looks alike is another one', () => {
    expect(spellInAscii('ex\u0430mple.com')).toBe('xn--exmple-4nf.com')
    expect(spellInAscii('m\u0131ke.org')).not.toBe('mike.org')
  })

  test.each([
    ['xn--berall-ist-8db.de', 'überall-ist.de'],
    ['xn--fa-hia.de', 'faß.de'],
    ['example.com', 'example.com'],
    ['xn--zzzzzz-.com', 'xn--zzzzzz-.com'],
    ['xn--.com', 'xn--.com'],
  ])('%j is %j in letters', (ascii, domain) => {
    expect(spellInUnicode(ascii)).toBe(domain)
  })
})

test('spelled in ASCII twice it is the same, and its letters are those of no other domain', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (domain) => {
      const ascii = spellInAscii(domain)
      expect(spellInAscii(ascii)).toBe(ascii)
      expect(spellInAscii(spellInUnicode(ascii))).toBe(ascii)
    }),
    { numRuns: 2000 },
  )
})

test('no character beyond ASCII but three dots becomes one of ASCII', () => {
  const others = Array.from({ length: 0x110000 - 0x80 }, (_, index) => index + 0x80)
  const folded = others.filter((code) => {
    const ascii = spellInAscii(`a${String.fromCodePoint(code)}b.example`)
    return !/[^\0-\x7f]/.test(ascii) && !ascii.startsWith('xn--')
  })
  expect(folded).toEqual([0x3002, 0xff0e, 0xff61])
}, 60_000)
