// What a mail server is told, over which connections, and what its answers mean.

import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { parseSmtpUrl } from '../../../src/config/values.ts'
import { createSmtpTransport } from '../../../src/mail/transports/smtp.ts'
import type { Transport } from '../../../src/mail/transports/transport.ts'
import type { OutgoingMail } from '../../../src/ports.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { type SmtpBehaviour, type SmtpStandIn, startSmtp } from '../../support/smtp-stand-in.ts'

const mail: OutgoingMail = {
  from: 'Ünited App <no-reply@app.example>',
  to: 'ada@example.com',
  subject: 'Größe',
  text: 'https://app.example/reset?timestamp=1700000000&signature=x\n',
  html: '<p>text</p>',
  headers: { 'Auto-Submitted': 'auto-generated' },
  accountId: '42',
  message: { kind: 'no-password', name: undefined },
  idempotencyKey: 'a-key',
}
/** Answers on loopback too, but is no loopback address by its name. */
const ELSEWHERE = '0.0.0.0'

const trusted = makeCertificate(['localhost'], ['127.0.0.1', ELSEWHERE])
const running: { stop?(): unknown; close?(): unknown }[] = []

beforeAll(() => setDefaultCACertificates([trusted.cert]))

afterAll(() => setDefaultCACertificates(getCACertificates('bundled')))

afterEach(async () => {
  for (const each of running.splice(0)) await (each.stop ?? each.close)?.()
})

async function server(options?: Parameters<typeof startSmtp>[0]): Promise<SmtpStandIn> {
  const started = await startSmtp(options)
  running.push(started)
  return started
}

function transportTo(url: string): Transport {
  const transport = createSmtpTransport(parseSmtpUrl(url))
  running.push({ close: () => transport.close() })
  return transport
}

describe('a mail', () => {
  test('goes to one address, in both parts, under an id that its retries share', async () => {
    const smtp = await server()
    const transport = transportTo(`smtp://127.0.0.1:${smtp.port}`)
    for (let times = 0; times < 2; times++) {
      expect(await transport.send({ ...mail, replyTo: 'Help <help@app.example>' })).toEqual({
        status: 'sent',
      })
    }
    const [first, second] = smtp.mails
    expect(first).toMatchObject({ from: 'no-reply@app.example', to: ['ada@example.com'] })
    for (const header of [
      /^Message-ID: <a-key@app\.example>\r$/m,
      /^From: =\?UTF-8\?\S+\?= <no-reply@app\.example>\r$/m,
      /^To: ada@example\.com\r$/m,
      /^Reply-To: Help <help@app\.example>\r$/m,
      /^Subject: =\?UTF-8\?\S+\?=\r$/m,
      /^Content-Type: text\/plain; charset=utf-8\r$/m,
      /^Content-Type: text\/html; charset=utf-8\r$/m,
    ]) {
      expect(first?.raw).toMatch(header)
      expect(second?.raw).toMatch(header)
    }
    expect(first?.content.text).toContain(mail.text.trim())
  })

  test('says that a machine wrote it, and is not folded into a conversation', async () => {
    const smtp = await server()
    const headers = { 'Auto-Submitted': 'auto-generated', 'X-Entity-Ref-ID': 'a-reference' }
    await transportTo(`smtp://127.0.0.1:${smtp.port}`).send({ ...mail, headers })
    expect(smtp.mails[0]?.raw).toMatch(/^Auto-Submitted: auto-generated\r$/m)
    expect(smtp.mails[0]?.raw).toMatch(/^X-Entity-Ref-ID: a-reference\r$/im)
  })

  test.each([
    ['Doe, Inc. <a@app.example>', /^From: "Doe, Inc\." <a@app\.example>\r$/m],
    ['App (beta) <a@app.example>', /^From: "App \(beta\)" <a@app\.example>\r$/m],
    ['"The \\"App\\"" <a@app.example>', /^From: "The \\"App\\"" <a@app\.example>\r$/m],
    ['a@app.example', /^From: a@app\.example\r$/m],
  ])('is from a name with quotes where it needs them: %s', async (from, header) => {
    const smtp = await server()
    await transportTo(`smtp://127.0.0.1:${smtp.port}`).send({ ...mail, from, replyTo: from })
    expect(smtp.mails[0]?.raw).toMatch(header)
    expect(smtp.mails[0]?.raw).toMatch(new RegExp(header.source.replace('From', 'Reply-To'), 'm'))
  })

  test('goes to a domain beyond ASCII, and comes from one, in ASCII form', async () => {
    const smtp = await server({ hides: ['SMTPUTF8'] })
    const outcome = await transportTo(`smtp://127.0.0.1:${smtp.port}`).send({
      ...mail,
      from: 'App <app@ÜBERALL-ist.de>',
      to: 'User@überall-ist.de',
    })
    expect(outcome).toEqual({ status: 'sent' })
    expect(smtp.recipients).toEqual(['User@xn--berall-ist-8db.de'])
    const raw = smtp.mails[0]?.raw
    expect(raw).toMatch(/^From: App <app@xn--berall-ist-8db\.de>\r$/m)
    expect(raw).toMatch(/^Message-ID: <a-key@xn--berall-ist-8db\.de>\r$/m)
    expect(raw).toMatch(/^To: User@xn--berall-ist-8db\.de\r$/m)
  })

  test('for a local part beyond ASCII goes to a server that announces SMTPUTF8', async () => {
    const smtp = await server()
    const outcome = await transportTo(`smtp://127.0.0.1:${smtp.port}`).send({
      ...mail,
      to: 'jürgen@example.com',
    })
    expect(outcome).toEqual({ status: 'sent' })
    expect(smtp.mails[0]?.to).toEqual(['jürgen@example.com'])
  })

  test('for a local part beyond ASCII goes to no other server, and others go on', async () => {
    const smtp = await server({ hides: ['SMTPUTF8'] })
    const transport = transportTo(`smtp://127.0.0.1:${smtp.port}`)
    for (let times = 0; times < 2; times++) {
      expect(await transport.send({ ...mail, to: 'jürgen@example.com' })).toEqual({
        status: 'refused',
        reason: 'the address needs SMTPUTF8, which the server does not announce',
        isOfTransport: true,
      })
      expect(await transport.send(mail)).toEqual({ status: 'sent' })
    }
    expect([smtp.recipients, smtp.connections()]).toEqual([[mail.to, mail.to], 1])
  })

  test('of text alone has no parts', async () => {
    const smtp = await server()
    await transportTo(`smtp://127.0.0.1:${smtp.port}`).send({ ...mail, html: '' })
    expect(smtp.mails[0]?.raw).toMatch(/^Content-Type: text\/plain; charset=utf-8\r$/m)
    expect(smtp.mails[0]?.raw).not.toMatch(/multipart|text\/html/)
  })

  test('shares its connection with the next ones', async () => {
    const smtp = await server()
    const transport = transportTo(`smtp://127.0.0.1:${smtp.port}`)
    for (let count = 0; count < 10; count++) await transport.send(mail)
    expect([smtp.mails.length, smtp.connections()]).toEqual([10, 1])
  })

  test('goes over another connection when the server has closed the last one', async () => {
    const smtp = await server()
    const transport = transportTo(`smtp://127.0.0.1:${smtp.port}`)
    await transport.send(mail)
    smtp.answerNext({ kind: 'drop', at: 'recipient' })
    expect(await transport.send(mail)).toEqual({ status: 'sent' })
    expect([smtp.mails.length, smtp.connections()]).toEqual([2, 2])
  })
})

describe('TLS', () => {
  test('is used after STARTTLS on a host that is not loopback', async () => {
    const smtp = await server({ certificate: trusted })
    expect(await transportTo(`smtp://${ELSEWHERE}:${smtp.port}`).send(mail)).toEqual({
      status: 'sent',
    })
    expect(smtp.mails).toMatchObject([{ isEncrypted: true }])
  })

  test('is used from the start with smtps', async () => {
    const smtp = await server({ certificate: trusted, secure: true })
    expect(await transportTo(`smtps://localhost:${smtp.port}`).send(mail)).toEqual({
      status: 'sent',
    })
    expect(smtp.mails).toMatchObject([{ isEncrypted: true }])
  })

  test('is done without on a loopback host', async () => {
    const smtp = await server({ certificate: makeCertificate(['elsewhere.example']) })
    const login = { user: 'ann', pass: 'p@ss word' }
    const guarded = await server({ auth: login })
    for (const url of [
      `smtp://localhost:${smtp.port}`,
      `smtp://ann:p%40ss%20word@127.0.0.1:${guarded.port}`,
    ]) {
      expect(await transportTo(url).send(mail)).toEqual({ status: 'sent' })
    }
    expect([...smtp.mails, ...guarded.mails].map(({ isEncrypted }) => isEncrypted)).toEqual([
      false,
      false,
    ])
  })

  test.each([
    ['none is offered', undefined, 'smtp'],
    ['the certificate is of nobody known', makeCertificate([], [ELSEWHERE]), 'smtp'],
    [
      'the certificate is of nobody known, from the start',
      makeCertificate([], [ELSEWHERE]),
      'smtps',
    ],
  ] as const)('is insisted on: nothing is sent where %s', async (_, certificate, scheme) => {
    const login = { user: 'ann', pass: 'secret' }
    const smtp = await server({ certificate, secure: scheme === 'smtps', auth: login })
    const outcome = await transportTo(`${scheme}://ann:secret@${ELSEWHERE}:${smtp.port}`).send(mail)
    expect(outcome).toMatchObject({ status: 'unsent' })
    expect(smtp.mails).toEqual([])
  })

  test('is insisted on: nothing is sent where the certificate is for another name', async () => {
    const other = makeCertificate(['other.example'])
    setDefaultCACertificates([other.cert])
    const smtp = await server({ certificate: other })
    const outcome = await transportTo(`smtp://${ELSEWHERE}:${smtp.port}`).send(mail)
    setDefaultCACertificates([trusted.cert])
    expect(outcome).toMatchObject({ status: 'unsent' })
    expect(smtp.mails).toEqual([])
  })
})

describe('an answer', () => {
  const refuse = (
    at: 'greeting' | 'sender' | 'recipient' | 'content',
    status: number,
    text?: string,
  ): SmtpBehaviour => ({ kind: 'refuse', at, status, ...(text && { text }) })

  test.each<[string, SmtpBehaviour, string, string | RegExp]>([
    ['the recipient refused', refuse('recipient', 550), 'refused', 'RCPT TO 550'],
    [
      'the recipient refused, with a reason',
      refuse('recipient', 550, '5.1.1 ada@example.com unknown'),
      'refused',
      'RCPT TO 550 5.1.1',
    ],
    ['the recipient turned away for now', refuse('recipient', 450), 'unsent', 'RCPT TO 450'],
    [
      'a policy that may be about the sender',
      refuse('recipient', 554, '5.7.1 Relay access denied'),
      'unsent',
      'RCPT TO 554 5.7.1',
    ],
    ['the content refused', refuse('content', 554), 'refused', 'DATA 554'],
    ['the content turned away for now', refuse('content', 451), 'unsent', 'DATA 451'],
    ['the sender refused', refuse('sender', 550), 'unsent', 'MAIL FROM 550'],
    ['a login asked for', refuse('recipient', 530), 'unsent', 'RCPT TO 530'],
    ['the service closing', refuse('recipient', 421), 'unsent', /421|no answer/],
    [
      'a cut before the content',
      { kind: 'drop', at: 'recipient' },
      'unsent',
      /^no answer .*RCPT TO$/,
    ],
    ['a cut after the content', { kind: 'drop', at: 'content' }, 'unknown', /^no answer /],
    ['a cut after the mail', { kind: 'drop', at: 'acceptance' }, 'unknown', /^no answer /],
  ])('is taken for what it is: %s', async (_, behaviour, status, reason) => {
    const smtp = await server()
    smtp.answerAlways(behaviour)
    const outcome = await transportTo(`smtp://127.0.0.1:${smtp.port}`).send(mail)
    expect(outcome).toMatchObject({ status, reason: expect.stringMatching(reason) })
    expect(JSON.stringify(outcome)).not.toContain('ada@')
  })

  test.each([
    [refuse('recipient', 450), true],
    [refuse('recipient', 450, '4.2.0 Greylisted'), true],
    [refuse('recipient', 451, '4.4.3 Temporary lookup failure'), true],
    [refuse('content', 451), true],
    [refuse('recipient', 452, '4.2.2 Mailbox full'), true],
    [refuse('content', 452, '4.2.2 Mailbox full'), true],
    [{ kind: 'drop', at: 'recipient' } as const, true],
    [refuse('recipient', 452), undefined],
    [refuse('recipient', 452, '4.3.1 Insufficient system storage'), undefined],
    [refuse('recipient', 421), undefined],
    [refuse('recipient', 530), undefined],
    [refuse('sender', 451), undefined],
    [refuse('greeting', 554), undefined],
  ])('of %o is of this mail alone: %s', async (behaviour, isOfThisMail) => {
    const smtp = await server()
    smtp.answerAlways(behaviour)
    const outcome = await transportTo(`smtp://127.0.0.1:${smtp.port}`).send(mail)
    expect('isOfThisMail' in outcome ? outcome.isOfThisMail : undefined).toBe(isOfThisMail)
  })

  test('that offers no login, where there is one to give, is not gone on with', async () => {
    const smtp = await server()
    const outcome = await transportTo(`smtp://ann:pw@127.0.0.1:${smtp.port}`).send(mail)
    expect(outcome).toMatchObject({ status: 'unsent' })
    expect(smtp.mails).toEqual([])
  })

  test('to a wrong login says nothing of the mail', async () => {
    const smtp = await server({ auth: { user: 'ann', pass: 'right' } })
    const outcome = await transportTo(`smtp://ann:wrong@127.0.0.1:${smtp.port}`).send(mail)
    expect(outcome).toEqual({ status: 'unsent', reason: 'AUTH PLAIN 535' })
  })

  test('that nobody gives is none', async () => {
    const outcome = await transportTo('smtp://127.0.0.1:1').send(mail)
    expect(outcome).toMatchObject({
      status: 'unsent',
      reason: expect.stringMatching(/^no answer /),
    })
  })

  test('of ten megabytes is cut', async () => {
    const flood = createServer((socket) => {
      socket.on('error', () => {})
      socket.end(`220 ${'x'.repeat(10_000_000)}\r\n`)
    }).listen(0, '127.0.0.1')
    await new Promise((resolve) => flood.once('listening', resolve))
    const { port } = flood.address() as AddressInfo
    const outcome = await transportTo(`smtp://127.0.0.1:${port}`).send(mail)
    expect(outcome).toMatchObject({ status: 'unsent' })
    flood.close()
  })

  // Ten seconds each, so they pass side by side.
  describe.concurrent('is waited for ten seconds', () => {
    test.each([
      ['greeting', [], 'unsent', undefined],
      ['sender', [], 'unsent', undefined],
      ['sender', ['PIPELINING'], 'unsent', undefined],
      ['recipient', [], 'unsent', true],
      ['recipient', ['PIPELINING'], 'unsent', true],
      ['content', [], 'unknown', undefined],
    ] as const)('at the %s, where %j is hidden', async (at, hides, status, isOfThisMail) => {
      const smtp = await startSmtp({ hides })
      smtp.answerAlways({ kind: 'hang', at })
      const transport = createSmtpTransport(parseSmtpUrl(`smtp://127.0.0.1:${smtp.port}`))
      const outcome = await transport.send(mail)
      expect(outcome).toMatchObject({ status, reason: expect.stringMatching(/^no answer /) })
      expect('isOfThisMail' in outcome ? outcome.isOfThisMail : undefined).toBe(isOfThisMail)
      transport.close()
      await smtp.stop()
    })
  })
})
