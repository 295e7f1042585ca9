// What a domain whose mails hang, or are turned away, takes from all the others: not their connections.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDomainLimits, type DomainLimits } from '../../src/mail/domain-limits.ts'
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

/** Has mails go while there is room for them. @returns whether each went */
function send(limits: DomainLimits, items: readonly Item[]): boolean[] {
  return items.map((item) => {
    const hasRoom = limits.hasRoom(item)
    if (hasRoom) limits.enter(item)
    return hasRoom
  })
}

describe('of eight connections', () => {
  test('a domain has at most four', () => {
    const limits = createDomainLimits(8)
    const items = Array.from({ length: 6 }, () => mailTo('a.example')) as [Item, ...Item[]]
    expect(send(limits, items)).toEqual([true, true, true, true, false, false])
    expect(limits.hasRoom(mailTo('b.example'))).toBe(true)
    limits.leave(items[0], sent)
    expect(send(limits, items.slice(4))).toEqual([true, false])
  })

  test('a domain that fails its mails has one, until it takes one again', () => {
    const limits = createDomainLimits(8)
    const [first, second, third] = ['a', 'a', 'a'].map(mailTo) as [Item, Item, Item]
    const goAndComeBack = (outcome: ChainOutcome | undefined) => {
      limits.enter(first)
      limits.leave(first, outcome)
      return send(limits, [second, third])
    }
    expect(goAndComeBack(turnedAway)).toEqual([true, false])
    limits.leave(second, undefined)
    // Nothing was heard of the domain, and then that it is well.
    expect(goAndComeBack(undefined)).toEqual([true, false])
    limits.leave(second, undefined)
    expect(goAndComeBack(sent)).toEqual([true, true])
  })

  test('a mail that was never composed meets no limit', () => {
    const limits = createDomainLimits(8)
    const items = Array.from({ length: 20 }, () => mailTo(undefined))
    expect(send(limits, items)).toEqual(items.map(() => true))
    limits.leave(items[0] as Item, turnedAway)
    expect(limits.hasRoom(mailTo(undefined))).toBe(true)
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
