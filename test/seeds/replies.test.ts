// Rekey's replies beside those that the packages gave to the same requests: the same status and body, or
// what a sentence of the contract says instead. record-replies.ts in test/interop asks the packages anew.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { replyDifferences } from './replies/differences.ts'
import recorded from './replies/originals.json' with { type: 'json' }
import { createReplyWorld, type SeedReply } from './replies/reply-world.ts'
import { requests } from './replies/requests.ts'

const world = createReplyWorld()
beforeAll(world.open)
afterAll(world.close)

const originals: Readonly<Record<string, SeedReply>> = recorded.replies
test('every request has a name of its own, and what the packages answered', () => {
  expect(Object.keys(originals)).toEqual(requests.map(({ name }) => name))
})

describe('a deliberate difference', () => {
  test.each([...replyDifferences])('%s', (name, { reply }) => {
    expect(originals).toHaveProperty([name])
    expect(originals[name]).not.toEqual(reply)
  })
})

describe('is answered', () => {
  test.each(requests.map((request) => [request.name, request] as const))(
    '%s',
    async (name, request) => {
      const difference = replyDifferences.get(name)
      expect(await world.answer(request)).toEqual(difference?.reply ?? originals[name])
    },
  )
})
