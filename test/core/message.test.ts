// The bytes that are put under a MAC: no two lists of fields share them.

import { createSecretKey } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodeFields, macFields } from '../../src/core/message.ts'
import { hmac, joinFields } from './link-by-the-contract.ts'

const field = fc.string({ unit: 'binary', maxLength: 30 })
const fields = fc.array(field, { maxLength: 8 })

/** What a reader of the format gets back. */
function decode(message: Buffer): string[] {
  const read: string[] = []
  for (let at = 0; at < message.length; ) {
    const end = at + 4 + message.readUInt32BE(at)
    read.push(message.toString('utf8', at + 4, end))
    at = end
  }
  return read
}

/** The same text cut into fields at other places, with empty ones among them. */
function cut(text: string, places: readonly number[]): string[] {
  const letters = [...text]
  const borders = places.map((place) => place % (letters.length + 1)).sort((a, b) => a - b)
  return [0, ...borders].map((from, index) =>
    letters.slice(from, borders[index] ?? letters.length).join(''),
  )
}

describe('encoded fields', () => {
  test('can be read back exactly, whatever they are', () => {
    fc.assert(
      fc.property(fields, (list) => {
        expect(decode(encodeFields(list))).toEqual(list)
      }),
      { numRuns: 500 },
    )
  })

  test('differ for every way to cut one text into fields', () => {
    const places = fc.array(fc.nat(1000), { maxLength: 6 })
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), places, places, (text, a, b) => {
        const [first, second] = [cut(text, a), cut(text, b)]
        const isSame = JSON.stringify(first) === JSON.stringify(second)
        expect(encodeFields(first).equals(encodeFields(second))).toBe(isSame)
      }),
      { numRuns: 1000 },
    )
  })

  test('differ from fields that hold their encoded bytes', () => {
    const imitation = encodeFields(['a', 'b']).subarray(4).toString()
    expect(encodeFields([imitation])).not.toEqual(encodeFields(['a', 'b']))
  })

  test('are those of the contract', () => {
    fc.assert(
      fc.property(fields, (list) => {
        expect(encodeFields(list)).toEqual(joinFields(list))
      }),
    )
  })

  test('count bytes, not characters', () => {
    expect(encodeFields(['é', '']).toString('hex')).toBe('00000002c3a900000000')
  })

  test('are no bytes for no fields', () => {
    expect(encodeFields([])).toHaveLength(0)
  })

  test.each(['\ud800', '\udfff', 'a\ud83d', '\ude00\ud83d'])(
    'are refused for %j, which would share its bytes with U+FFFD',
    (text) => {
      expect(() => encodeFields(['before', text, 'after'])).toThrow(TypeError)
    },
  )
})

test('a MAC is HMAC-SHA-256 over the encoded fields', () => {
  const key = Buffer.alloc(32, 7)
  const mac = macFields(createSecretKey(key), ['a', 'b'])
  expect(mac).toEqual(hmac(key, Buffer.from('00000001610000000162', 'hex')))
})
