// The text fields of a dialect's body, read as the CharField and EmailField of Django REST framework
// read them, but for passwords: those stay exactly as they were typed.

import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { GOOD_CHARACTERS } from '../../core/characters.ts'

/** A text that is neither empty nor holds NUL or a lone surrogate. */
export const TextSchema = Type.String({ minLength: 1, pattern: GOOD_CHARACTERS })

/** An address as Django takes it. */
export const AddressSchema = Type.String({
  minLength: 1,
  pattern: GOOD_CHARACTERS,
  format: 'django-address',
})

// Python's str.strip. The look-behind keeps the time linear, as in the trimming of identifiers.
const BLANK = '[\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const EDGE_BLANKS = new RegExp(`^${BLANK}+|(?<!${BLANK})${BLANK}+$`, 'g')

interface TextFields {
  /** Without the blanks at their edges; a number is its text. */
  readonly trimmed?: readonly string[]
  /** Of numbers only integers that have one spelling. */
  readonly asTyped?: readonly string[]
}

/** A hook that reads the named fields before the schema judges them. */
export function readTexts({ trimmed = [], asTyped = [] }: TextFields) {
  return (request: FastifyRequest, _reply: unknown, done: () => void): void => {
    // Neither body nor type: to Django REST framework an empty body.
    const { body = {} } = request
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      const values: Record<string, unknown> = { ...body }
      for (const name of trimmed) {
        const value = values[name]
        if (typeof value === 'number' || typeof value === 'string') {
          values[name] = String(value).replace(EDGE_BLANKS, '')
        }
      }
      for (const name of asTyped) {
        if (Number.isSafeInteger(values[name])) values[name] = String(values[name])
      }
      request.body = values
    }
    done()
  }
}
