// What a domain whose mails hang, or are turned away, takes from all the others: not their connections.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomainLimits } from '../../src/mail/domain-limits.ts'
import { type Item, makeItem } from '../../src/mail/mail-item.ts'
import type { ChainOutcome } from '../../src/mail/transports/chain.ts'
import { startService, type TestService } from '../support/service.ts'
import { type SmtpStandIn, startSmtp } from '../support/smtp-stand-in.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const sent: ChainOutcome = { status: 'sent' }
const turnedAway: ChainOutcome = { status: 'unsent', reason: '450', isOfThisMail: true }

let mails = 0

function mailTo(domain: string | undefined): Item {
  mails += 1
  const order = { kind: 'reset-link', accountId: String(mails), timestamp: '1700000000' } as const
  return { ...makeItem(order, { byClient: 0, byAccount: 0 }, mails), domain }
}

describe('of eight connections', () => {
  test('a domain has at most four', () => {
    const limits = createDomainLimits(8)
    const items = Array.from({ length: 6 }, () => mailTo('a.example'))
    expect(items.map(limits.enter)).toEqual([true, true, true, true, false, false])
    expect(limits.enter(mailTo('b.example'))).toBe(true)
    expect(limits.kept()).toEqual(items.slice(4))
    expect([...limits.leave(items[0] as Item, sent)]).toEqual(items.slice(4))
    expect([...limits.leave(items[1] as Item, sent)]).toEqual([])
    expect(items.slice(3).map(limits.enter)).toEqual([true, true, false])
  })

  test('a domain that fails its mails has one, until it takes one again', () => {
    const limits = createDomainLimits(8)
    const [first, second, third] = ['a', 'a', 'a'].map(mailTo) as [Item, Item, Item]
    const enter = (item: Item) => limits.enter(item)
    expect([enter(first), [...limits.leave(first, turnedAway)]]).toEqual([true, []])
    expect([enter(first), enter(second)]).toEqual([true, false])
    // Nothing was heard of the domain, and then that it is well.
    expect([...limits.leave(first, undefined)]).toEqual([second])
    expect([enter(first), enter(second), [...limits.leave(first, sent)]]).toEqual([
      true,
      false,
      [second],
    ])
    expect([first, second, third].map(enter)).toEqual([true, true, true])
  })

  test('a mail that was never composed meets no limit', () => {
    const limits = createDomainLimits(8)
    const items = Array.from({ length: 20 }, () => mailTo(undefined))
    expect(items.every(limits.enter)).toBe(true)
    expect([...limits.leave(items[0] as Item, turnedAway)]).toEqual([])
  })

  test('a mail that is dropped is not kept', () => {
    const limits = createDomainLimits(1)
    const [first, second] = [mailTo('a'), mailTo('a')]
    limits.enter(first)
    limits.enter(second)
    limits.drop(second)
    expect([limits.kept(), [...limits.leave(first, sent)]]).toEqual([[], []])
  })
})

describe('a mail server that looks into a recipient for ever', () => {
  let surroundings: Surroundings
  let smtp: SmtpStandIn
  let service: TestService

  beforeAll(async () => {
    surroundings = await createSurroundings()
    smtp = await startSmtp()
    smtp.answerDomain('slow.example', { kind: 'hang', at: 'recipient' })
    await createUsers(surroundings.database.sql)
    service = await startService(surroundings, {
      MAIL_TRANSPORT: 'smtp',
      SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      SHUTDOWN_GRACE_SECONDS: '1',
    })
  })

  afterAll(async () => {
    await service?.stop()
    await smtp?.stop()
    await surroundings?.end()
  })

  test('takes the mails of all others meanwhile, and is trusted with all of them', async () => {
    const { sql } = surroundings.database
    const ask = async (email: string) => {
      await addUser(sql, { email })
      await service.post('send-reset-password-link', { email })
    }
    const slow = () => smtp.recipients.filter((address) => address.endsWith('@slow.example')).length
    for (let index = 0; index < 20; index += 1) await ask(`user-${index}@slow.example`)
    await ask('ann@example.com')
    await smtp.waitForMail(({ to }) => to[0] === 'ann@example.com')
    expect(slow()).toBe(4)
    // Four have been given up by now, and from then on one goes at a time.
    await expect.poll(slow, { timeout: 20_000 }).toBe(5)
    await expect.poll(slow, { timeout: 20_000 }).toBe(6)
    await ask('bob@example.com')
    await smtp.waitForMail(({ to }) => to[0] === 'bob@example.com')
    expect(slow()).toBe(6)
    expect(service.log.lines.filter(({ msg }) => String(msg).includes('left alone'))).toEqual([])
  }, 60_000)
})
