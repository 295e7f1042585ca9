// How long a server that asks to be left alone is left alone.

import { expect, test } from 'vitest'
import { parseRetryAfter } from '../../src/core/retry-after.ts'

const now = Date.UTC(2026, 0, 1)

test.each([
  ['2', 2000],
  ['0', 0],
  ['300', 300_000],
  ['301', 300_000],
  ['999999999', 300_000],
  ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
  ['Wed, 31 Dec 2025 23:59:59 GMT', 0],
  ['Fri, 01 Jan 2027 00:00:00 GMT', 300_000],
  ['soon', undefined],
  ['', undefined],
  [null, undefined],
  [undefined, undefined],
])('%s is %s milliseconds', (header, expected) => {
  expect(parseRetryAfter(header, now)).toBe(expected)
})
