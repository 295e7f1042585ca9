// What `rekey doctor` says of a mail server, and what to do.

import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parseSmtpUrl } from '../../../src/config/values.ts'
import { checkSmtp } from '../../../src/mail/doctor/check-smtp.ts'
import { makeCertificate } from '../../support/certificate.ts'
import { type SmtpBehaviour, startSmtp } from '../../support/smtp-stand-in.ts'

/** Answers on loopback too, but is no loopback address by its name. */
const ELSEWHERE = '0.0.0.0'
const trusted = makeCertificate([], [ELSEWHERE])
const auth = { user: 'grace', pass: 'secret' }

beforeAll(() => setDefaultCACertificates([trusted.cert]))

afterAll(() => setDefaultCACertificates(getCACertificates('bundled')))

/** Checks a server by its URL, of which the port is still open. */
async function check(
  url: string,
  options: Parameters<typeof startSmtp>[0],
  behaviour?: SmtpBehaviour,
) {
  const smtp = await startSmtp(options)
  smtp.answerAlways(behaviour)
  const findings = await checkSmtp(parseSmtpUrl(`${url}:${smtp.port}`))
  expect(smtp.mails).toEqual([])
  await smtp.stop()
  return findings
}

test.each([
  [
    'smtp://grace:secret@0.0.0.0',
    { certificate: trusted, auth },
    'with verified TLS and takes the login',
  ],
  [
    'smtps://grace:secret@0.0.0.0',
    { certificate: trusted, secure: true, auth },
    'with verified TLS and takes the login',
  ],
  ['smtp://0.0.0.0', { certificate: trusted }, 'with verified TLS and is used without a login'],
  ['smtp://127.0.0.1', {}, 'on this machine, without TLS and is used without a login'],
])('%s is well', async (url, options, says) => {
  expect(await check(url, options)).toEqual([
    { status: 'ok', name: 'mail-server', says: `the mail server answers ${says}` },
  ])
})

const untrusted = makeCertificate([], [ELSEWHERE])
const misnamed = makeCertificate(['other.example'])

test.each<[string, string, Parameters<typeof startSmtp>[0], string, string]>([
  [
    'a wrong login',
    'smtp://grace:wrong@0.0.0.0',
    { certificate: trusted, auth },
    'mail-login',
    'set user and password in SMTP_URL',
  ],
  ['no STARTTLS', 'smtp://grace:secret@0.0.0.0', { auth }, 'mail-tls', 'turn STARTTLS on'],
  [
    'an unknown certificate',
    'smtp://0.0.0.0',
    { certificate: untrusted },
    'mail-tls',
    'NODE_EXTRA_CA_CERTS',
  ],
  [
    'an unknown certificate from the start',
    'smtps://0.0.0.0',
    { certificate: untrusted, secure: true },
    'mail-tls',
    'NODE_EXTRA_CA_CERTS',
  ],
  ['TLS from the start where there is none', 'smtps://0.0.0.0', {}, 'mail-tls', 'smtp://'],
  [
    'a certificate for another name',
    'smtp://0.0.0.0',
    { certificate: misnamed },
    'mail-tls',
    'a certificate for its name',
  ],
])('%s is a fault with a remedy', async (_, url, options, name, remedy) => {
  const findings = await check(url, options)
  expect(findings).toEqual([
    { status: 'fault', name, says: expect.any(String), remedy: expect.stringContaining(remedy) },
  ])
  expect(JSON.stringify(findings)).not.toMatch(/secret|wrong|grace/)
})

test('a server that greets with no is a warning', async () => {
  const findings = await check(
    'smtp://127.0.0.1',
    {},
    { kind: 'refuse', at: 'greeting', status: 421 },
  )
  expect(findings).toMatchObject([{ status: 'warning', name: 'mail-server' }])
})

test.each(['smtp://127.0.0.1:1', 'smtp://no-such-host.invalid'])(
  '%s is out of reach',
  async (url) => {
    expect(await checkSmtp(parseSmtpUrl(url))).toMatchObject([
      { status: 'fault', name: 'mail-server', remedy: expect.stringContaining('SMTP_URL') },
    ])
  },
)

test('a server that offers no login, where one is configured, is a fault', async () => {
  const findings = await check('smtp://grace:secret@127.0.0.1', {})
  expect(findings).toMatchObject([{ status: 'fault', name: 'mail-login' }])
})

test('a server that drips its greeting is out of reach', async () => {
  const drip = createServer((socket) => {
    const dripping = setInterval(() => socket.write('220-x\r\n'), 200)
    socket.on('error', () => {}).on('close', () => clearInterval(dripping))
  }).listen(0, '127.0.0.1')
  await once(drip, 'listening')
  const { port } = drip.address() as AddressInfo
  const findings = await checkSmtp(parseSmtpUrl(`smtp://127.0.0.1:${port}`))
  expect(findings).toMatchObject([{ status: 'fault', name: 'mail-server' }])
  drip.close()
})

test('a server that never greets is out of reach', async () => {
  const findings = await check('smtp://127.0.0.1', {}, { kind: 'hang', at: 'greeting' })
  expect(findings).toMatchObject([{ status: 'fault', name: 'mail-server' }])
})
