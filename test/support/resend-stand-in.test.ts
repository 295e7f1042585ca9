// What the other tests take for granted about the stand-in of Resend, seen through Resend's own client.

import { Resend } from 'resend'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkIn, type ResendStandIn, startResend } from './resend-stand-in.ts'

let standIn: ResendStandIn
let resend: Resend

beforeAll(async () => {
  standIn = await startResend()
  resend = new Resend(standIn.apiKey, { baseUrl: standIn.url })
})

afterAll(() => standIn.stop())

function send(to: string, idempotencyKey: string, text = 'Open\nhttps://a.example/?t=1\nsoon.') {
  const mail = { from: 'Rekey <rekey@example.com>', to, subject: 'Reset', text }
  return resend.emails.send(mail, { idempotencyKey })
}

test('a mail sent twice under one key arrives once, and its link can be read', async () => {
  const waiting = standIn.waitForMail((mail) => mail.to[0] === 'twice@example.com')
  const first = await send('twice@example.com', 'twice')
  const second = await send('twice@example.com', 'twice')
  expect(first.error).toBeNull()
  expect(second.data).toEqual(first.data)
  expect(linkIn(await waiting)).toBe('https://a.example/?t=1')
  expect(standIn.mails.filter((mail) => mail.idempotencyKey === 'twice')).toHaveLength(1)
})

test('another mail under the same key is refused', async () => {
  await send('ann@example.com', 'shared')
  const { error } = await send('bob@example.com', 'shared')
  expect(error).toMatchObject({ statusCode: 409, name: 'invalid_idempotent_request' })
})

test('a lost reply leaves the mail accepted, and a retry does not send it again', async () => {
  standIn.answerNext({ kind: 'drop', after: 'acceptance' })
  const lost = await send('lost@example.com', 'lost')
  const retried = await send('lost@example.com', 'lost')
  const mails = standIn.mails.filter((mail) => mail.idempotencyKey === 'lost')
  expect(lost.error).not.toBeNull()
  expect(mails).toMatchObject([{ id: retried.data?.id }])
})

test('behaviours hold for one request each, and nothing is accepted meanwhile', async () => {
  standIn.answerNext(
    { kind: 'status', status: 429, name: 'rate_limit_exceeded', headers: { 'retry-after': '2' } },
    { kind: 'concurrent' },
    { kind: 'garbage' },
    { kind: 'drop', after: 'headers' },
    { kind: 'drop', after: 'body' },
  )
  const limited = await send('turn@example.com', 'turn')
  expect(limited).toMatchObject({ error: { statusCode: 429 }, headers: { 'retry-after': '2' } })
  expect(await send('turn@example.com', 'turn')).toMatchObject({
    error: { name: 'concurrent_idempotent_requests' },
  })
  for (let i = 0; i < 3; i++) expect((await send('turn@example.com', 'turn')).data).toBeNull()
  expect(standIn.mails.map((mail) => mail.to[0])).not.toContain('turn@example.com')
  expect((await send('turn@example.com', 'turn')).error).toBeNull()
})

test('a request that never gets an answer is seen all the same', async () => {
  standIn.answerNext({ kind: 'hang' })
  const giveUp = new AbortController()
  const answer = fetch(`${standIn.url}/emails`, {
    method: 'POST',
    body: 'x',
    signal: giveUp.signal,
  })
  const request = await standIn.waitForRequest(({ rawBody }) => rawBody === 'x')
  giveUp.abort()
  expect(request).toMatchObject({ method: 'POST', path: '/emails', body: undefined })
  await expect(answer).rejects.toThrow()
})

test('keys and fields are checked as Resend does', async () => {
  const stranger = new Resend('re_other', { baseUrl: standIn.url })
  const mail = { from: 'a@b.c', to: ['d@e.f'], subject: 's', text: 't' }
  expect(await stranger.emails.send(mail)).toMatchObject({ error: { name: 'invalid_api_key' } })
  expect(await resend.emails.send({ ...mail, subject: '' })).toMatchObject({
    error: { statusCode: 422, name: 'missing_required_field' },
  })
  expect(await resend.emails.send({ ...mail, to: 'nobody' })).toMatchObject({
    error: { statusCode: 422, name: 'validation_error' },
  })
})
