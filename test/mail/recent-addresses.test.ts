// Which addresses had a mail within 24 hours.

import { expect, test } from 'vitest'
import { createRecentAddresses } from '../../src/mail/recent-addresses.ts'

const HOUR = 3_600_000
const START = Date.UTC(2026, 0, 31)
const ANN = 'ann@example.com'

const create = () => createRecentAddresses((address) => address.toLowerCase())

test('an address has had a mail for 24 hours, in every spelling', () => {
  const recent = create()
  expect(recent.has(ANN, START)).toBe(false)
  recent.add(ANN, START)
  expect(recent.has('ANN@example.com', START + 24 * HOUR - 1)).toBe(true)
  expect(recent.has(ANN, START + 24 * HOUR)).toBe(false)
})

test('an address that its first mail did not reach has had none', () => {
  const recent = create()
  recent.add(ANN, START)()
  expect(recent.has(ANN, START)).toBe(false)
})

test.each(['first', 'second'])('a %s mail that does not arrive leaves the other', (lost) => {
  const recent = create()
  const takeBack = { first: recent.add(ANN, START), second: recent.add(ANN, START + 1) }
  takeBack[lost as keyof typeof takeBack]()
  expect(recent.has(ANN, START + 2)).toBe(true)
})

test('an entry of a clock that was a year ahead keeps nobody in mind', () => {
  const recent = create()
  recent.add('carl@example.com', START + 365 * 24 * HOUR)
  recent.add(ANN, START)
  expect(recent.has(ANN, START + 25 * HOUR)).toBe(false)
  expect(recent.has('carl@example.com', START)).toBe(false)
})

test('an address is forgotten by its last mail, not by its first', () => {
  const recent = create()
  recent.add(ANN, START)
  recent.add('bob@example.com', START + HOUR)
  recent.add(ANN, START + 2 * HOUR)
  expect(recent.has(ANN, START + 25 * HOUR)).toBe(true)
  expect(recent.has('bob@example.com', START + 25 * HOUR)).toBe(false)
})
