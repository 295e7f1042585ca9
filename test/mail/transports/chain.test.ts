// Which transport a mail goes through, when one is left alone, and what keeps a mail with it.

import { describe, expect, test } from 'vitest'
import { type ChainOutcome, createChain } from '../../../src/mail/transports/chain.ts'
import type { SendOutcome, Transport } from '../../../src/mail/transports/transport.ts'
import type { OutgoingMail } from '../../../src/ports.ts'

const mailOf = (idempotencyKey: string): OutgoingMail => ({
  from: 'a@b.c',
  to: 'd@e.f',
  subject: 's',
  text: 't',
  html: 'h',
  headers: {},
  accountId: '42',
  message: { kind: 'no-password', name: undefined },
  idempotencyKey,
})
const sent: SendOutcome = { status: 'sent' }
const refused: SendOutcome = { status: 'refused', reason: '422' }
const unsent: SendOutcome = { status: 'unsent', reason: '500' }
const unheard: SendOutcome = { status: 'unknown', reason: 'no answer' }
const ofThisMail: SendOutcome = {
  status: 'unsent',
  reason: 'RCPT TO 450 4.7.1',
  retryAfterMs: 60_000,
  isOfThisMail: true,
}
const throttled: SendOutcome = { status: 'unsent', reason: '429', retryAfterMs: 7000 }

/** A transport whose attempts end as they are told to. */
interface Scripted extends Transport {
  readonly asked: string[]
  outcome: SendOutcome | Promise<SendOutcome>
  isClosed: boolean
}

function script(outcome: SendOutcome, knowsKeys = true): Scripted {
  const transport: Scripted = {
    knowsKeys,
    asked: [],
    outcome,
    isClosed: false,
    async send({ idempotencyKey }) {
      transport.asked.push(idempotencyKey)
      return transport.outcome
    },
    close() {
      transport.isClosed = true
    },
  }
  return transport
}

/** A chain of two, by a clock that only moves when it is told to. */
function arrange(first: Scripted, second = script(sent)) {
  const rests: [name: string, restMs: number, reason: string][] = []
  let now = 1_700_000_000_000
  let mails = 0
  const chain = createChain(
    [
      ['first', first],
      ['second', second],
    ],
    { clock: () => now, onRest: (...rest) => rests.push(rest) },
  )
  return {
    chain,
    second,
    rests,
    pass: (ms: number) => {
      now += ms
    },
    /** Sends mails of their own, one after the other. */
    async send(count = 1) {
      const outcomes: ChainOutcome[] = []
      for (let index = 0; index < count; index++) {
        mails += 1
        outcomes.push(await chain.send(mailOf(`mail ${mails}`)))
      }
      return outcomes
    },
  }
}

describe('a mail', () => {
  test('goes through the first transport that is in order', async () => {
    const first = script(sent)
    const { send, second } = arrange(first)
    expect(await send()).toEqual([sent])
    expect([first.asked, second.asked]).toEqual([['mail 1'], []])
  })

  test('goes through the next one where it certainly was not taken', async () => {
    const first = script(unsent)
    const { send, second } = arrange(first)
    expect(await send()).toEqual([sent])
    expect([first.asked, second.asked]).toEqual([['mail 1'], ['mail 1']])
  })

  test('that is refused for good goes through no other', async () => {
    const { send, second } = arrange(script(refused))
    expect(await send()).toEqual([refused])
    expect(second.asked).toEqual([])
  })

  test('that one cannot carry goes through another one, and fails where none can', async () => {
    const unable: SendOutcome = { status: 'refused', reason: 'SMTPUTF8', isOfTransport: true }
    expect(await arrange(script(unable)).send()).toEqual([sent])
    expect(await arrange(script(unable), script(unable)).send()).toEqual([unable])
    expect(await arrange(script(unable), script(refused)).send()).toEqual([refused])
    expect(await arrange(script(unable), script(ofThisMail)).send()).toEqual([ofThisMail])
    const second = script(throttled)
    const { send } = arrange(script(unable), second)
    expect(await send(2)).toEqual([throttled, { status: 'deferred', retryAfterMs: 7000 }])
  })

  test('that was delivered is not sent again', async () => {
    const { chain, second } = arrange(script(unsent))
    expect(await chain.send(mailOf('a'))).toEqual(sent)
    expect(await chain.send(mailOf('a'))).toEqual({ status: 'repeated' })
    expect(second.asked).toEqual(['a'])
  })

  test('is in doubt with a transport that breaks', async () => {
    const first = script(sent)
    first.outcome = Promise.reject(new TypeError('no such module'))
    const { chain, second } = arrange(first)
    expect(await chain.send(mailOf('a'))).toEqual({ status: 'unknown', reason: 'TypeError' })
    expect(second.asked).toEqual([])
  })

  test('that no transport takes was not sent', async () => {
    const { send } = arrange(script(unsent), script({ status: 'unsent', reason: '451' }))
    expect(await send()).toMatchObject([{ status: 'unsent', reason: '451' }])
  })
})

describe('a mail that may have been taken', () => {
  test('stays with the transport that was asked, until that one says', async () => {
    const first = script(unheard)
    const { chain, second } = arrange(first)
    for (const outcome of [unheard, unsent, sent]) {
      first.outcome = outcome
      expect(await chain.send(mailOf('a'))).toMatchObject({ status: outcome.status })
    }
    expect([first.asked, second.asked]).toEqual([['a', 'a', 'a'], []])
  })

  test('waits with a transport that is left alone', async () => {
    const first = script(unheard)
    const { chain, send, pass, second } = arrange(first)
    await chain.send(mailOf('a'))
    first.outcome = unsent
    await send(4)
    expect(await chain.send(mailOf('a'))).toEqual({ status: 'deferred', retryAfterMs: 2000 })
    pass(2000)
    first.outcome = sent
    expect(await chain.send(mailOf('a'))).toEqual(sent)
    expect(second.asked).not.toContain('a')
  })

  test('is tried three times where a second one would be delivered too', async () => {
    const first = script(unheard, false)
    const { chain, second } = arrange(first)
    const statuses = []
    for (let times = 0; times < 3; times++) statuses.push((await chain.send(mailOf('a'))).status)
    expect(statuses).toEqual(['unknown', 'unknown', 'refused'])
    expect((await chain.send(mailOf('a'))).status).toBe('refused')
    expect([first.asked.length, second.asked]).toEqual([3, []])
  })
})

describe('a transport that keeps failing', () => {
  test.each([unsent, unheard])('is left alone for a while: %o', async (outcome) => {
    const first = script(outcome)
    const { send, rests } = arrange(first)
    await send(10)
    expect(first.asked).toHaveLength(5)
    expect(rests).toEqual([['first', 2000, 'reason' in outcome && outcome.reason]])
  })

  test('is tried with a single mail afterwards', async () => {
    const first = script(unsent)
    const { chain, send, pass, second } = arrange(first)
    await send(5)
    pass(2000)
    const answer = Promise.withResolvers<SendOutcome>()
    first.outcome = answer.promise
    const probe = chain.send(mailOf('probe'))
    expect(await chain.send(mailOf('other'))).toEqual(sent)
    expect([first.asked.includes('probe'), second.asked.includes('other')]).toEqual([true, true])
    first.outcome = sent
    answer.resolve(sent)
    await probe
    await send()
    expect(first.asked).toHaveLength(7)
  })

  test('is left alone for longer each time, up to a limit', async () => {
    const { send, rests, pass } = arrange(script(unsent))
    await send(5)
    for (let times = 0; times < 5; times++) {
      pass(rests.at(-1)?.[1] ?? 0)
      await send()
    }
    expect(rests.map(([, restMs]) => restMs)).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000])
  })

  test('is as good as new once it takes a mail, or judges one', async () => {
    for (const outcome of [sent, refused]) {
      const first = script(unsent)
      const { send } = arrange(first)
      for (let times = 0; times < 4; times++) {
        first.outcome = unsent
        await send(4)
        first.outcome = outcome
        await send()
      }
      expect(first.asked).toHaveLength(20)
    }
  })
})

describe('a transport that turns single mails away for now', () => {
  test('is asked for the others, however many those are', async () => {
    const first = script(ofThisMail)
    const { chain, send, rests } = arrange(first, script(ofThisMail))
    await send(20)
    expect(await chain.send(mailOf('a'))).toEqual(ofThisMail)
    expect([first.asked.length, chain.restMs(), rests]).toEqual([21, 0, []])
  })
})

describe('a transport that cannot carry some mails', () => {
  test('is neither well nor failing for it', async () => {
    const first = script(unsent)
    const { send, rests } = arrange(first)
    await send(4)
    first.outcome = { status: 'refused', reason: 'SMTPUTF8', isOfTransport: true }
    await send(4)
    first.outcome = unsent
    await send()
    expect(rests).toEqual([['first', 2000, '500']])
  })
})

describe('a transport that asks to be left alone', () => {
  test('is, from the first time', async () => {
    const first = script(throttled)
    const { send, rests, pass } = arrange(first)
    expect(await send(5)).toEqual(Array(5).fill(sent))
    expect([first.asked.length, rests]).toEqual([1, [['first', 7000, '429']]])
    pass(7000)
    await send()
    expect(first.asked).toHaveLength(2)
  })

  test('makes its mails wait where there is no other', async () => {
    const { chain, pass } = arrange(script(throttled), script(throttled))
    expect(chain.restMs()).toBe(0)
    expect(await chain.send(mailOf('a'))).toEqual(throttled)
    expect(chain.restMs()).toBe(7000)
    pass(6000)
    expect(await chain.send(mailOf('b'))).toEqual({ status: 'deferred', retryAfterMs: 1000 })
  })
})

test('a chain closes every transport of it', () => {
  const first = script(sent)
  const { chain, second } = arrange(first)
  chain.close()
  expect([first.isClosed, second.isClosed]).toEqual([true, true])
})
