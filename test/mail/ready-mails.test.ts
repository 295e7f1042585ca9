// Which of the mails that are ready goes next, and how little a flood of them costs.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Item, makeItem } from '../../src/mail/mail-item.ts'
import { createReadyMails, type Kind, type ReadyMails } from '../../src/mail/ready-mails.ts'

const ASKED: readonly Kind[] = ['firsts', 'others']
const anyRoom = () => true

let mails = 0

function mailOf(byClient: number, byAccount = 0, attempts = 0): Item {
  mails += 1
  const order = { kind: 'reset-link', accountId: String(mails), timestamp: '1700000000' } as const
  return { ...makeItem(order, { byClient, byAccount }, mails), attempts }
}

/** Takes all of them out, in their order. */
function takeAll(ready: ReadyMails, mayGo: (item: Item) => boolean = anyRoom): Item[] {
  const taken: Item[] = []
  for (let item = ready.next(ASKED, mayGo); item; item = ready.next(ASKED, mayGo)) {
    ready.take(item)
    taken.push(item)
  }
  return taken
}

/** The order that the rules give: by sorting what is left, for each mail anew. */
function orderByTheRules(items: readonly Item[]): Item[] {
  const turn = (a: Item, b: Item) =>
    a.turn.byClient - b.turn.byClient || a.turn.byAccount - b.turn.byAccount
  const oldest = (a: Item, b: Item) => turn(a, b) || a.number - b.number
  const newest = (a: Item, b: Item) => turn(a, b) || a.attempts - b.attempts || b.number - a.number
  let left = items
  return items.map((_, taken) => {
    const [next] = left.toSorted(taken % 2 === 0 ? oldest : newest) as [Item]
    left = left.filter((item) => item !== next)
    return next
  })
}

const count = fc.integer({ min: 0, max: 3 })
const anyMails = fc
  .array(fc.tuple(count, count, count), { maxLength: 40 })
  .map((turns) => turns.map((turn) => mailOf(...turn)))

test('mails go in the order of the rules, in whatever order they came', () => {
  fc.assert(
    fc.property(anyMails, fc.array(fc.nat()), (items, dropped) => {
      const ready = createReadyMails()
      for (const item of items.toReversed()) ready.add(item)
      const gone = new Set(dropped.map((index) => items[index]))
      for (const item of gone) if (item) expect(ready.drop(item)).toBe(true)
      for (const item of gone) if (item) expect(ready.drop(item)).toBe(false)
      const left = items.filter((item) => !gone.has(item))
      expect(ready.all().toSorted((a, b) => a.number - b.number)).toEqual(left)
      expect(takeAll(ready)).toEqual(orderByTheRules(left))
      expect(ready.all()).toEqual([])
    }),
  )
})

test('mails without room stay, and those behind them go in the same order', () => {
  fc.assert(
    fc.property(anyMails, count, (items, remainder) => {
      const ready = createReadyMails()
      for (const item of items) ready.add(item)
      const hasRoom = ({ number }: Item) => number % 4 !== remainder
      expect(takeAll(ready, hasRoom)).toEqual(orderByTheRules(items.filter(hasRoom)))
      expect(ready.all()).toHaveLength(items.filter((item) => !hasRoom(item)).length)
    }),
  )
})

describe('where 10,000 mails are ready', () => {
  /** All mails of a flood, each of which counts how often it is looked at. */
  function flood(byClient: (index: number) => number) {
    const ready = createReadyMails()
    let looks = 0
    for (let index = 0; index < 10_000; index += 1) {
      const { turn, ...rest } = mailOf(byClient(index))
      const item = Object.defineProperty({ ...rest }, 'turn', {
        get() {
          looks += 1
          return turn
        },
      }) as Item
      ready.add(item)
    }
    looks = 0
    return { ready, looks: () => looks }
  }

  test.each([
    ['of one turn', () => 0],
    ['of 100 turns', (index: number) => index % 100],
    ['of one turn behind all firsts', () => 7],
  ])('%s, 100 of them are taken at a look at some dozens each', (_, byClient) => {
    const { ready, looks } = flood(byClient)
    for (let taken = 0; taken < 100; taken += 1) {
      ready.take(ready.next(ASKED, anyRoom) as Item)
    }
    expect(looks()).toBeLessThan(100 * 100)
  })

  test('the last 100 make room at a look at some dozens each', () => {
    const { ready, looks } = flood((index) => index % 100)
    for (let taken = 0; taken < 100; taken += 1) ready.drop(ready.last() as Item)
    expect(looks()).toBeLessThan(100 * 100)
  })
})
