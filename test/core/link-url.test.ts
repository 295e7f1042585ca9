// How a link stands in the URL that is mailed, which templates are refused, and the one-word token.

import fc from 'fast-check'
import { LinkifyIt } from 'linkify-it'
import { describe, expect, test } from 'vitest'
import { formatDjangoToken } from '../../src/core/django-token.ts'
import type { Link } from '../../src/core/link.ts'
import { compileLinkUrl } from '../../src/core/link-url.ts'
import { formatToken, parseToken } from '../../src/core/token.ts'
import { RekeyError } from '../../src/errors.ts'
import { sealed } from './link-fixtures.ts'

const link = sealed({ userId: '42' })
const { signature } = link
const HOSTILE_IDS = [
  'a&signature=x',
  'a#b',
  'é',
  'a b',
  'a+b',
  'a%26b',
  'a?b=c',
  'a/b/../c',
  '&timestamp=1',
  '{signature}',
  '$&$1',
  '"><script>',
  "it's",
  'a(b)*!',
  'ключ',
  '😀',
  'a\u2028b',
]

/** A page that reads its own URL, as a frontend does. */
function readQuery(url: string): Link {
  const { searchParams } = new URL(url)
  const [userId = '', ...otherIds] = searchParams.getAll('user_id')
  const [timestamp = '', ...otherTimes] = searchParams.getAll('timestamp')
  const [readSignature = '', ...otherSignatures] = searchParams.getAll('signature')
  expect([...otherIds, ...otherTimes, ...otherSignatures]).toEqual([])
  return { userId, timestamp, signature: readSignature }
}

function codeOf(parse: () => unknown): string {
  try {
    parse()
  } catch (error) {
    if (error instanceof RekeyError) return error.code
  }
  return 'no RekeyError'
}

describe('a URL without placeholders', () => {
  test.each([
    [
      'https://app.example/reset',
      `https://app.example/reset?timestamp=1769860800&user_id=42&signature=${signature}`,
    ],
    [
      'https://app.example',
      `https://app.example?timestamp=1769860800&user_id=42&signature=${signature}`,
    ],
    [
      'https://app.example/reset?',
      `https://app.example/reset?timestamp=1769860800&user_id=42&signature=${signature}`,
    ],
    [
      'https://app.example/reset?lang=de&next=%2Fa?b',
      `https://app.example/reset?timestamp=1769860800&user_id=42&signature=${signature}&lang=de&next=%2Fa?b`,
    ],
  ])('%s gets timestamp, user_id and signature before its own query', (template, url) => {
    expect(compileLinkUrl(template)(link)).toBe(url)
  })

  test.each(HOSTILE_IDS)('gives back exactly the id %j', (userId) => {
    const mailed = sealed({ userId })
    const url = compileLinkUrl('https://app.example/reset?lang=de')(mailed)
    expect(readQuery(url)).toEqual(mailed)
    expect(new URL(url).searchParams.get('lang')).toBe('de')
  })

  test('gives back any link exactly, whatever the id', () => {
    const write = compileLinkUrl('https://app.example/reset?x=1&y=2')
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (userId) => {
        const mailed = { ...link, userId }
        expect(readQuery(write(mailed))).toEqual(mailed)
      }),
    )
  })
})

describe('a URL with placeholders', () => {
  test.each([
    [
      'https://app.example/{user_id}/{timestamp}/{signature}/',
      `https://app.example/42/1769860800/${signature}/`,
    ],
    [
      'https://app.example/reset?s={signature}&u={user_id}&t={timestamp}',
      `https://app.example/reset?s=${signature}&u=42&t=1769860800`,
    ],
    [
      'https://app.example/reset#timestamp={timestamp}&user_id={user_id}&signature={signature}',
      `https://app.example/reset#timestamp=1769860800&user_id=42&signature=${signature}`,
    ],
    [
      'https://app.example/#/reset/{uid}/{token}',
      `https://app.example/#/reset/NDI/${signature}1769860800NDI`,
    ],
    ['https://app.example/reset#{token}', `https://app.example/reset#${signature}1769860800NDI`],
    [
      'https://app.example/{uid}/{django_token}/',
      `https://app.example/NDI/${formatDjangoToken(link)}/`,
    ],
    [
      'https://app.example/#/reset?uid={uid}&token={django_token}',
      `https://app.example/#/reset?uid=NDI&token=${formatDjangoToken(link)}`,
    ],
    [
      'https://app.example/{token}?lang=de#/{uid}',
      `https://app.example/${signature}1769860800NDI?lang=de#/NDI`,
    ],
  ])('%s is filled in where they stand', (template, url) => {
    expect(compileLinkUrl(template)(link)).toBe(url)
  })

  test.each(HOSTILE_IDS)('keeps the id %j within one segment of the path', (userId) => {
    const url = compileLinkUrl('https://app.example/r/{user_id}/{timestamp}/{signature}')({
      ...link,
      userId,
    })
    const [, page, id = '', ...rest] = new URL(url).pathname.split('/')
    expect([page, decodeURIComponent(id), ...rest]).toEqual([
      'r',
      userId,
      link.timestamp,
      signature,
    ])
  })

  test.each(HOSTILE_IDS)('gives back the id %j from the query', (userId) => {
    const template =
      'https://app.example/?timestamp={timestamp}&user_id={user_id}&signature={signature}'
    expect(readQuery(compileLinkUrl(template)({ ...link, userId }))).toEqual({ ...link, userId })
  })

  test.each(HOSTILE_IDS)('gives back the id %j from the fragment', (userId) => {
    const template = 'https://app.example/#t={timestamp}&u={user_id}&s={signature}'
    const fragment = new URL(compileLinkUrl(template)({ ...link, userId })).hash.slice(1)
    const values = new URLSearchParams(fragment)
    expect([values.get('u'), values.get('t'), values.get('s')]).toEqual([
      userId,
      link.timestamp,
      signature,
    ])
  })

  test.each(HOSTILE_IDS)('gives back the id %j from a token', (userId) => {
    const mailed = { ...link, userId }
    const fragment = new URL(compileLinkUrl('https://app.example/#{token}')(mailed)).hash
    expect(parseToken(fragment.slice(1))).toEqual(mailed)
  })

  test('fills every other brace of a value in no second time', () => {
    const url = compileLinkUrl('https://app.example/{user_id}/{timestamp}/{signature}')({
      ...link,
      userId: '{timestamp}',
    })
    expect(url).toBe(`https://app.example/%7Btimestamp%7D/1769860800/${signature}`)
  })
})

test.each([
  'https://app.example/reset?x=1',
  'https://app.example/{timestamp}/{signature}/{user_id}',
])('an autolinker finds all of a link in a sentence, whatever the id: %s', (template) => {
  const url = compileLinkUrl(template)({ ...link, userId: "it's (a)*b!)" })
  const found = new LinkifyIt().match(`(Open ${url}).`)
  expect(found?.map((match) => match.url)).toEqual([url])
})

describe('a template is refused', () => {
  const SET = 'once each'
  const FRAGMENT = 'a fragment needs placeholders'
  const UNKNOWN = 'has a placeholder that is none of'
  test.each([
    ['the signature alone', 'https://app.example/{signature}', SET],
    ['no timestamp', 'https://app.example/{user_id}/{signature}', SET],
    ['no user id', 'https://app.example/{timestamp}/{signature}', SET],
    ['no signature', 'https://app.example/{timestamp}/{user_id}', SET],
    ['a uid alone', 'https://app.example/{uid}', SET],
    ['a token and a signature', 'https://app.example/{token}/{signature}', SET],
    ['a uid in the place of a user id', 'https://app.example/{uid}/{timestamp}/{signature}', SET],
    ['a token twice', 'https://app.example/{token}#{token}', SET],
    ["Django's token without its uid", 'https://app.example/{django_token}', SET],
    ['both tokens', 'https://app.example/{uid}/{token}/{django_token}', SET],
    ['a user id in the place of a uid', 'https://app.example/{user_id}/{django_token}', SET],
    ['a uid twice', 'https://app.example/{uid}/{uid}/{token}', SET],
    ['a value twice', 'https://app.example/{user_id}/{user_id}?t={timestamp}&s={signature}', SET],
    ['a placeholder in the host', 'https://{token}.example/reset', 'in the origin'],
    [
      'a placeholder in the port',
      'https://app.example:{timestamp}/{user_id}/{signature}',
      'in the origin',
    ],
    ['a placeholder before the host', 'https://{uid}@app.example/{token}', 'in the origin'],
    ['a plain fragment', 'https://app.example/reset#top', FRAGMENT],
    ['an empty fragment', 'https://app.example/reset#', FRAGMENT],
    ['a plain fragment behind placeholders', 'https://app.example/{token}#top', FRAGMENT],
    ['an unknown placeholder', 'https://app.example/{token}/{email}', UNKNOWN],
    ['a misspelt placeholder', 'https://app.example/{Token}', UNKNOWN],
    ['an empty placeholder', 'https://app.example/{}', UNKNOWN],
    ['a name that every object has', 'https://app.example/{constructor}', UNKNOWN],
    [
      'a timestamp behind an ampersand',
      'https://app.example/?user_id={user_id}&timestamp={timestamp}&signature={signature}',
      'put timestamp first',
    ],
    [
      'a timestamp behind an ampersand of the fragment',
      'https://app.example/#s={signature}&timestamp={timestamp}&u={user_id}',
      'put timestamp first',
    ],
    ['a path with a timestamp', 'https://app.example/a&timestamp=1', 'put timestamp first'],
    ['a query with a timestamp', 'https://app.example/?timestamp=1', 'already has a timestamp'],
    ['a query with a user_id', 'https://app.example/?a=b&user_id=', 'already has a user_id'],
    ['a query with a signature', 'https://app.example/?signature', 'already has a signature'],
    ['a query with a token', 'https://app.example/?token=x', 'already has a token'],
    [
      'a query with an encoded timestamp',
      'https://app.example/?%74imestamp=1',
      'already has a timestamp',
    ],
  ])('for %s', (_, template, reason) => {
    expect(() => compileLinkUrl(template)).toThrow(TypeError)
    expect(() => compileLinkUrl(template)).toThrow(reason)
  })

  test('without repeating what it says', () => {
    expect(() => compileLinkUrl('https://app.example/{s3cret}')).toThrow(
      /^has a placeholder that is none of \{user_id\}, \{timestamp\}, \{signature\}, \{token\}, \{uid\}, \{django_token\}$/,
    )
  })
})

describe('no link', () => {
  const pieces = fc.constantFrom(
    '/reset',
    '?',
    '&',
    '#',
    'lang=de',
    'timestamp',
    '=',
    '{token}',
    '{uid}',
    '{user_id}',
    '{timestamp}',
    '{signature}',
    '&timestamp=',
    '&timestamp={timestamp}',
    '?timestamp={timestamp}&user_id={user_id}&signature={signature}',
  )

  test('ever has an &timestamp= in it, which some mail clients read as ×tamp=', () => {
    let accepted = 0
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 8 }), (parts) => {
        const template = `https://app.example${parts.join('')}`
        const userId = '&timestamp={timestamp}'
        let url = ''
        try {
          url = compileLinkUrl(template)({ ...link, userId })
          accepted += 1
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError)
        }
        expect(url).not.toContain('&timestamp=')
      }),
      { numRuns: 3000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe('a token', () => {
  const links = fc.record({
    userId: fc.string({ unit: 'binary', minLength: 1 }),
    timestamp: fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }).map(String),
    signature: fc
      .uint8Array({ minLength: 32, maxLength: 32 })
      .map((bytes) => Buffer.from(bytes).toString('base64url')),
  })

  test('is signature, timestamp and uid in a row', () => {
    expect(formatToken(link)).toBe(`${signature}1769860800NDI`)
  })

  test('gives back the link that it was made of', () => {
    fc.assert(
      fc.property(links, (original) => {
        expect(parseToken(formatToken(original))).toEqual(original)
      }),
    )
  })

  test('has one spelling: whatever can be read is written the same', () => {
    const letter = fc.constantFrom(...'Aa0-_+/= \n\0é\ud800'.split(''))
    fc.assert(
      fc.property(links, fc.nat(120), letter, fc.boolean(), (original, place, added, replaces) => {
        const token = formatToken(original)
        const at = place % token.length
        const altered = token.slice(0, at) + added + token.slice(replaces ? at + 1 : at)
        let reading: Link | undefined
        try {
          reading = parseToken(altered)
        } catch (error) {
          expect(error).toBeInstanceOf(RekeyError)
        }
        if (reading) expect(formatToken(reading)).toBe(altered)
      }),
      { numRuns: 2000 },
    )
  })

  const token = formatToken(sealed({ userId: 'a' }))
  const head = token.slice(0, 53)
  test.each([
    ['nothing', ''],
    ['a signature alone', token.slice(0, 43)],
    ['no uid', head],
    ['padding', `${head}YQ==`],
    ['another spelling of the same id', `${head}YR`],
    ['a uid of one letter', `${head}Y`],
    ['a uid in the standard alphabet', `${head}Pz8/`],
    ['a uid that is not UTF-8', `${head}_w`],
    ['a uid that is a surrogate in UTF-8', `${head}7aCA`],
    ['a uid that is an overlong NUL', `${head}wIA`],
    ['a blank at the end', `${token} `],
    ['a line break at the end', `${token}\n`],
    ['a letter less', token.slice(1)],
  ])('is invalid with %s', (_, text) => {
    expect(codeOf(() => parseToken(text))).toBe('link_invalid')
  })
})
