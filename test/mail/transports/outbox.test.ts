// The outbox of the development transport: what it keeps, and for how long.

import { expect, test } from 'vitest'
import { createOutbox } from '../../../src/mail/transports/outbox.ts'
import type { OutgoingMail } from '../../../src/ports.ts'

const mailOf = (idempotencyKey: string): OutgoingMail => ({
  from: 'a@b.c',
  to: 'd@e.f',
  subject: idempotencyKey,
  text: 't',
  html: 'h',
  headers: {},
  accountId: '42',
  message: { kind: 'no-password', name: undefined },
  idempotencyKey,
})

test('the newest mail comes first', async () => {
  const outbox = createOutbox()
  for (const key of ['a', 'b']) expect(await outbox.send(mailOf(key))).toEqual({ status: 'sent' })
  expect(outbox.mails().map(({ subject }) => subject)).toEqual(['b', 'a'])
})

test('a mail with the same key is the same mail', async () => {
  const outbox = createOutbox()
  for (const key of ['a', 'b', 'a']) await outbox.send(mailOf(key))
  expect(outbox.mails()).toHaveLength(2)
})

test('it keeps the last hundred', async () => {
  const outbox = createOutbox()
  for (let n = 0; n < 130; n++) await outbox.send(mailOf(`mail ${n}`))
  expect(outbox.mails()).toHaveLength(100)
  expect(outbox.mails().at(-1)?.subject).toBe('mail 30')
})
