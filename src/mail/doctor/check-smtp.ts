// Whether the mail server can be reached, speaks TLS that can be trusted, and takes the login.

import { setTimeout } from 'node:timers/promises'
import type { NodemailerError } from 'nodemailer'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import { describeConnection, type SmtpServer } from '../transports/smtp.ts'

const TIMEOUT_MS = 5000
const LOGIN_REMEDY = 'set user and password in SMTP_URL, with their special letters percent-encoded'
const CERTIFICATE_REMEDY =
  'give the server a certificate for its name by a CA that Node.js trusts, or name the file of that CA in NODE_EXTRA_CA_CERTS'
const SCHEME_REMEDY =
  'begin SMTP_URL with smtps:// where TLS is spoken from the start, and with smtp:// where STARTTLS begins it'

/** Connects and signs in as the service would. It sends nothing. */
export async function checkSmtp(server: SmtpServer): Promise<Finding[]> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(describeConnection(server, TIMEOUT_MS))
  try {
    // Against a server that drips its answers, which each of them would wait for.
    const tooLate = setTimeout(TIMEOUT_MS).then(() => {
      throw Object.assign(new Error('no answer in time'), { code: 'ETIMEDOUT' })
    })
    await Promise.race([transport.verify(), tooLate])
    return [reportOk('mail-server', describe(server))]
  } catch (error) {
    return [judge(error as NodemailerError)]
  } finally {
    transport.close()
  }
}

function describe({ auth, secure, isLoopback }: SmtpServer): string {
  const tls = secure || !isLoopback ? 'with verified TLS' : 'on this machine, without TLS'
  const login = auth ? 'and takes the login' : 'and is used without a login'
  return `the mail server answers ${tls} ${login}`
}

function judge(error: NodemailerError): Finding {
  const { code = 'unnamed', originalCode = code, command, responseCode } = error
  const cause = responseCode ? `${command} ${responseCode}` : originalCode
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    const says = `the mail server refuses the login (${cause})`
    return reportFault('mail-login', says, LOGIN_REMEDY)
  }
  if (code === 'ETLS' && responseCode) {
    const says = `the mail server offers no STARTTLS (${cause})`
    return reportFault('mail-tls', says, 'turn STARTTLS on at the server, or use one that has it')
  }
  if (/CERT|SIGNATURE/.test(originalCode)) {
    const says = `the certificate of the mail server cannot be trusted (${cause})`
    return reportFault('mail-tls', says, CERTIFICATE_REMEDY)
  }
  if (code === 'ETLS' || /SSL|EPROTO$/.test(originalCode)) {
    const says = `the mail server speaks another TLS, or none (${cause})`
    return reportFault('mail-tls', says, SCHEME_REMEDY)
  }
  if (responseCode) {
    const says = `the mail server takes no mail now (${cause})`
    return reportWarning('mail-server', says, 'run this again when the server is well')
  }
  const says = `the mail server cannot be reached from here (${cause})`
  return reportFault('mail-server', says, 'open the way to the host and port of SMTP_URL')
}
