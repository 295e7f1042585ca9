// Whether the mail server can be reached, speaks TLS that can be trusted, and takes the login.

import type { NodemailerError } from 'nodemailer'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { describeConnection, type SmtpServer } from './transports/smtp.ts'

const TIMEOUT_MS = 5000
const TLS_REMEDY =
  'give the server a certificate for its name by a CA that Node.js trusts, or name that CA in NODE_EXTRA_CA_CERTS'
const PLAIN_REMEDY =
  'turn STARTTLS on at the server, or use smtps:// in SMTP_URL where it has TLS from the start'

/** Connects and signs in as the service would. It sends nothing. */
export async function checkSmtp(server: SmtpServer): Promise<Finding[]> {
  const { createTransport } = await import('nodemailer')
  const transport = createTransport(describeConnection(server, TIMEOUT_MS))
  try {
    await transport.verify()
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
  const { code = 'unnamed', command, responseCode } = error
  const cause = responseCode ? `${command} ${responseCode}` : code
  if (code === 'EAUTH' || code === 'ENOAUTH') {
    const says = `the mail server refuses the login (${cause})`
    return reportFault(
      'mail-login',
      says,
      'set user and password in SMTP_URL, special letters percent-encoded',
    )
  }
  if (code === 'ETLS' && responseCode) {
    return reportFault('mail-tls', `the mail server offers no STARTTLS (${cause})`, PLAIN_REMEDY)
  }
  if (code === 'ETLS') {
    return reportFault(
      'mail-tls',
      `the TLS of the mail server cannot be trusted (${cause})`,
      TLS_REMEDY,
    )
  }
  if (responseCode) {
    const says = `the mail server takes no mail now (${cause})`
    return reportWarning('mail-server', says, 'run this again when the server is well')
  }
  const says = `the mail server cannot be reached from here (${cause})`
  return reportFault('mail-server', says, 'open the way to the host and port of SMTP_URL')
}
