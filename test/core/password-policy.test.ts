// Which new passwords are refused and in which words, case by case as Django's own tests have them.

import { describe, expect, test, vi } from 'vitest'
import {
  judgePassword,
  type PasswordRules,
  type PersonalValue,
} from '../../src/core/password-policy.ts'

const rules: PasswordRules = {
  minLength: 8,
  maxLength: 128,
  edgeSpaces: 'keep',
  commonPasswords: new Set(['password', 'godzilla', 'asdfjkl:', '&#2336:', '12345678']),
}
const nobody: readonly PersonalValue[] = []
/** The user of Django's own tests. */
const testClient: readonly PersonalValue[] = [
  { label: 'username', value: 'testclient' },
  { label: 'first name', value: 'Test' },
  { label: 'last name', value: 'Client' },
  { label: 'email address', value: 'testclient@example.com' },
]
const SIMILAR = 'password_too_similar'
const SHORT = 'password_too_short'
const COMMON = 'password_too_common'
const NUMERIC = 'password_entirely_numeric'
const FAMILY = '👨‍👩‍👧‍👦'

function codes(
  password: string,
  changes: Partial<PasswordRules> = {},
  personal = nobody,
): string[] {
  const form = { prepared: password, maxBytes: undefined }
  return judgePassword(password, { ...rules, ...changes }, personal, form).map(({ code }) => code)
}

function details(
  password: string,
  changes: Partial<PasswordRules> = {},
  personal = nobody,
): string[] {
  const form = { prepared: password, maxBytes: undefined }
  const refusals = judgePassword(password, { ...rules, ...changes }, personal, form)
  return refusals.map(({ detail }) => detail)
}

function similar(password: string, value: string): boolean {
  return codes(password, { minLength: 1 }, [{ label: 'name', value }]).includes(SIMILAR)
}

test('a host that counts UTF-16 units sets the most of them, and not the fewest', () => {
  const judge = (password: string) =>
    judgePassword(password, rules, nobody, {
      prepared: password.normalize('NFKC'),
      maxBytes: undefined,
      countsUtf16: true,
    }).map(({ code }) => code)
  expect(judge('𝒶𝒷𝒸𝒹'.repeat(16))).toEqual([])
  expect(judge(`${'𝒶𝒷𝒸𝒹'.repeat(16)}e`)).toEqual(['max_length'])
  expect(judge('𝒶𝒷𝒸𝒹')).toEqual(['password_too_short'])
})

describe('a hash that reads a limited number of bytes', () => {
  const judge = (password: string, prepared = password) =>
    judgePassword(password, rules, nobody, { prepared, maxBytes: 72 })

  test('takes 72 bytes, whatever they spell', () => {
    for (const password of [`${'ab!'.repeat(24)}`, 'é!'.repeat(24), '🦊🐢'.repeat(9)]) {
      expect([Buffer.byteLength(password), judge(password)]).toEqual([72, []])
    }
  })

  test('takes no more, in the words of Django', () => {
    const detail = 'Ensure this field has no more than 72 bytes.'
    for (const password of [`${'ab!'.repeat(24)}x`, `${'é!'.repeat(24)}x`, '🦊🐢'.repeat(10)]) {
      expect(judge(password)).toEqual([{ code: 'max_bytes', detail }])
    }
  })

  test('counts those of the prepared password', () => {
    expect(judge('ﬃ'.repeat(25), 'ffi'.repeat(25))).toMatchObject([{ code: 'max_bytes' }])
    expect(judge('Å!!'.repeat(20), 'Å!!'.repeat(18))).toEqual([])
  })

  test('is one rule among all that are broken', () => {
    const found = judge('9'.repeat(200)).map(({ code }) => code)
    expect(found).toEqual(['max_length', 'max_bytes', NUMERIC])
  })
})

describe('a password without a fault', () => {
  test.each([
    ['is long enough', 'a-safe-password'],
    ['is a phrase with blanks', 'correct horse battery staple'],
    ['has blanks at its edges', '  edges kept  '],
    ['is in another script', 'пароль без слов'],
    ['has a tab and a line break', 'one\ttwo\nthree'],
    ['has a DEL and other controls', 'seven\u007f\u0001\u001f'],
    ['has a byte order mark', '\ufeffpasswort'],
    ['holds letters as no form folds them', 'e\u0301e\u0301e\u0301e\u0301'],
  ])('%s', (_, password) => {
    expect(codes(password, {}, testClient)).toEqual([])
  })
})

describe('the length', () => {
  test.each([
    [7, 8, [SHORT]],
    [8, 8, []],
    [14, 15, [SHORT]],
    [15, 15, []],
    [64, 15, []],
    [65, 15, []],
    [128, 15, []],
    [129, 15, ['max_length']],
    [2, 3, [SHORT]],
    [3, 3, []],
  ])('of %i with a minimum of %i breaks %j', (length, minLength, broken) => {
    expect(codes('xyZ'.repeat(50).slice(0, length), { minLength })).toEqual(broken)
  })

  test.each([
    ['seven emoji', '😀'.repeat(7), [SHORT]],
    ['eight emoji', '😀'.repeat(8), []],
    ['a family of seven code points', FAMILY, [SHORT]],
    ['two families of seven code points', FAMILY.repeat(2), []],
    ['128 emoji', '😀'.repeat(128), []],
    ['129 emoji', '😀'.repeat(129), ['max_length']],
    ['four letters with accents of their own', 'e\u0301'.repeat(4), []],
    ['four letters with accents', 'é'.repeat(4), [SHORT]],
    ['seven letters and a blank', 'abcdefg ', []],
  ])('counts code points: %s', (_, password, broken) => {
    expect(codes(password)).toEqual(broken)
  })

  test.each([
    [8, 'This password is too short. It must contain at least 8 characters.'],
    [15, 'This password is too short. It must contain at least 15 characters.'],
  ])('below %i is told in the words of Django', (minLength, words) => {
    expect(details('xyZ', { minLength })).toEqual([words])
  })

  test('below a minimum of one is told in the singular', () => {
    expect(details('', { minLength: 1 })).toEqual([
      'This password is too short. It must contain at least 1 character.',
    ])
  })

  test.each([
    [64, 'Ensure this field has no more than 64 characters.'],
    [1, 'Ensure this field has no more than 1 character.'],
  ])('above %i is told in the words of Django REST framework', (maxLength, words) => {
    expect(details('xyZ'.repeat(50), { maxLength })).toEqual([words])
  })

  // A rule whose time grows with the square of the length would not end within a test's time.
  test.each([4097, 100_000, 1_000_000])('of %i is judged by every rule', (length) => {
    expect(codes('1'.repeat(length), {}, testClient)).toEqual([
      'max_length',
      'password_entirely_numeric',
    ])
  })
})

describe('a common password', () => {
  test.each(['godzilla', 'asdfjkl:', '&#2336:'])('such as %s is refused', (password) => {
    expect(codes(password, { minLength: 1 })).toEqual([COMMON])
  })

  test.each(['GODZILLA', 'GodZilla', ' godzilla ', '\tgodzilla\n'])(
    'is refused in the spelling %j too',
    (password) => {
      expect(details(password)).toEqual(['This password is too common.'])
    },
  )

  test.each(['godzilla1', 'god zilla', 'ｇｏｄｚｉｌｌａ', 'godzillа'])(
    'is not what %j is',
    (password) => {
      expect(codes(password)).toEqual([])
    },
  )
})

describe('a password of digits alone', () => {
  test.each([
    '42424242',
    '٤٢٤٢٤٢٤٢',
    '४२४२४२४२',
    '４２４２４２４２',
    '𝟜𝟚𝟜𝟚𝟜𝟚𝟜𝟚',
    '²³²³²³²³',
    '₄₂₄₂₄₂₄₂',
    '①②③④⑤⑥⑦⑧',
    '4٢४２²₂②❷',
  ])('is refused: %s', (password) => {
    expect(details(password)).toEqual(['This password is entirely numeric.'])
  })

  test.each([
    '4242424a',
    '4242 4242',
    '-4242424',
    '+4242424',
    '4242.424',
    'ⅧⅧⅧⅧⅧⅧⅧⅧ',
    '½½½½½½½½',
    '一二三四五六七八',
    '0x42424242',
    '4242424\u0301',
  ])('is not what %s is', (password) => {
    expect(codes(password)).toEqual([])
  })

  test('is told by what Python takes for digits, and by digits that Unicode has gained since', () => {
    // The 128 code points that Python's str.isdigit takes beside decimal digits.
    const ranges = [
      [0xb2, 0xb3],
      [0xb9, 0xb9],
      [0x1369, 0x1371],
      [0x19da, 0x19da],
      [0x2070, 0x2070],
      [0x2074, 0x2079],
      [0x2080, 0x2089],
      [0x2460, 0x2468],
      [0x2474, 0x247c],
      [0x2488, 0x2490],
      [0x24ea, 0x24ea],
      [0x24f5, 0x24fd],
      [0x24ff, 0x24ff],
      [0x2776, 0x277e],
      [0x2780, 0x2788],
      [0x278a, 0x2792],
      [0x10a40, 0x10a43],
      [0x10e60, 0x10e68],
      [0x11052, 0x1105a],
      [0x1f100, 0x1f10a],
    ] as const
    const disagreements: string[] = []
    for (let code = 0; code <= 0x10ffff; code += 1) {
      const character = String.fromCodePoint(code)
      const isDigit =
        /^\p{Nd}$/u.test(character) || ranges.some(([from, to]) => code >= from && code <= to)
      const isRefused = codes(character, { minLength: 1 }).includes(NUMERIC)
      if (isRefused !== isDigit) disagreements.push(code.toString(16))
    }
    expect(disagreements).toEqual([])
  })
})

describe('a password like the account', () => {
  test.each([
    ['testclient', 'username'],
    ['TestClient', 'username'],
    ['tnetilcset', 'username'],
    ['testclient1', 'username'],
    ['example.com', 'email address'],
  ])('is refused: %s is too similar to the %s', (password, label) => {
    expect(details(password, {}, testClient)).toEqual([
      `The password is too similar to the ${label}.`,
    ])
  })

  test('names the first value that it resembles', () => {
    const personal = [...testClient].reverse()
    expect(details('testclient', {}, personal)).toEqual([
      'The password is too similar to the email address.',
    ])
  })

  test('is not told where there is no account to compare with', () => {
    expect(codes('testclient')).toEqual([])
  })

  test('may hold a short name: testclient has less than 0.7 of Test', () => {
    expect(similar('testclient', 'Test')).toBe(false)
  })

  test.each([
    // Twice the common letters over both lengths: refused from 0.7 on.
    ['14 of 20', 'abcdefgxyz', 'abcdefg123', true],
    ['12 of 20', 'abcdefwxyz', 'abcdef1234', false],
    ['14 of 21', 'abcdefgxyz', 'abcdefg1234', false],
    ['14 of 19', 'abcdefgxy', 'abcdefg123', true],
    ['8 of 11, as one word', 'abcd', 'abcdxyz', true],
    ['8 of 12', 'abcd', 'abcdwxyz', false],
    ['the same letters elsewhere', 'zyxgfedcba', 'abcdefgxyz', true],
    ['repeated letters, each counted as often as both have it', 'aaaaaaaaaa', 'aaaaaabbbb', false],
    ['repeated letters in both', 'aaaaaaaaaa', 'aaaaaaabbb', true],
    ['emoji, one code point each', '😀😁😂😃😄😅😆abc', '😀😁😂😃😄😅😆xyz', true],
    ['nothing in common', 'abcdefgh', '12345678', false],
  ])('is judged by the shared letters: %s', (_, password, value, isRefused) => {
    expect(similar(password, value)).toBe(isRefused)
  })

  test.each([
    ['a word of the address', 'annabel1', 'annabel.lee@example.com'],
    ['a word between other signs', 'annabel1', '«annabel»/lee'],
    ['a word in another script', 'наташка1', 'наташка петровна'],
    ['the whole, blanks and all', 'ann lee jr', 'Ann Lee Jr'],
    ['a word with a digit and an underscore', 'ann_lee9', 'x-ann_lee9-x'],
  ])('is compared with %s', (_, password, value) => {
    expect(similar(password, value)).toBe(true)
  })

  test('is not compared with a value that is far shorter', () => {
    expect(similar('a'.repeat(100), 'a')).toBe(false)
  })

  test.each(['', ' ', '@', '...'])('is not refused for the empty value %j', (value) => {
    expect(similar('a-safe-password', value)).toBe(false)
  })

  test('looks at the first 256 characters of a value, pictographs each as one', () => {
    const at = (characters: number) => `${'😀'.repeat(characters - 9)} fuchsia-7`
    expect(similar('fuchsia-7', at(256))).toBe(true)
    expect(similar('fuchsia-7', `${'😀'.repeat(256)} fuchsia-7`)).toBe(false)
  })

  test.each([
    ['one word', 'ab'],
    ['short words', 'ab '],
    ['words', 'correct horse '],
    ['signs', '.'],
  ])('costs no more for a value of a million characters than for one of 256: %s', (_, part) => {
    const value = part.repeat(1_000_000 / part.length)
    for (const password of ['short', 'q'.repeat(128)]) {
      const cut = countLetters(() => similar(password, value.slice(0, 256)))
      expect(countLetters(() => similar(password, value))).toBe(cut)
    }
  })
})

/** How many letters a piece of work counts. */
function countLetters(work: () => unknown): number {
  const set = vi.spyOn(Map.prototype, 'set')
  work()
  const { length } = set.mock.calls
  set.mockRestore()
  return length
}

describe('every broken rule', () => {
  test('is named at once, in the order of Django', () => {
    const personal = [{ label: 'email address', value: '1234567@example.com' }]
    const commonPasswords = new Set(['1234567'])
    expect(codes('1234567', { commonPasswords }, personal)).toEqual([
      SIMILAR,
      SHORT,
      COMMON,
      NUMERIC,
    ])
  })

  test('is named in the words of Django', () => {
    expect(details('testclient', { minLength: 12 }, testClient)).toEqual([
      'The password is too similar to the username.',
      'This password is too short. It must contain at least 12 characters.',
    ])
  })

  test('is named also where the characters are at fault', () => {
    expect(codes('\ud800\0')).toEqual([
      'null_characters_not_allowed',
      'surrogate_characters_not_allowed',
      SHORT,
    ])
  })
})

describe('characters', () => {
  test.each([
    ['correct horse \ud800 battery', 'D800'],
    ['correct horse \udfff battery', 'DFFF'],
    ['\ude00\ud83d torn apart', 'DE00'],
    ['😀 and then \udbff', 'DBFF'],
  ])('that are lone surrogates are refused: %j', (password, name) => {
    expect(details(password)).toEqual([`Surrogate characters are not allowed: U+${name}.`])
  })

  test('may be pairs of surrogates', () => {
    expect(codes('correct horse 😀')).toEqual([])
  })

  test('may not be NUL', () => {
    expect(details('correct horse\0battery staple 99')).toEqual([
      'Null characters are not allowed.',
    ])
  })
})

describe('blanks at the edges', () => {
  test.each([
    ' pass phrase',
    'pass phrase ',
    '\tpass phrase',
    'pass phrase\n',
    '\u00a0pass phrase',
  ])('of %j are kept by default and refused on demand', (password) => {
    expect([codes(password), codes(password, { edgeSpaces: 'refuse' })]).toEqual([
      [],
      ['password_edge_spaces'],
    ])
  })

  test('are told in words', () => {
    expect(details(' pass phrase', { edgeSpaces: 'refuse' })).toEqual([
      'This password must not begin or end with a space.',
    ])
  })

  test('do not stand in the way of blanks within', () => {
    expect(codes('pass  phrase', { edgeSpaces: 'refuse' })).toEqual([])
  })

  test('count as characters', () => {
    expect(codes('  abcd  ')).toEqual([])
  })
})
