// Whether mails can leave, by each transport that is configured.

import type { Config, TransportSettings } from '../../config/config.ts'
import { type Finding, reportWarning } from '../../core/finding.ts'
import { checkResend } from '../../mail/doctor/check-resend.ts'
import { checkSmtp } from '../../mail/doctor/check-smtp.ts'

export async function checkMail({ mail }: Config): Promise<Finding[]> {
  const check = (settings: TransportSettings) => {
    switch (settings.name) {
      case 'resend':
        return checkResend(settings.account, mail.from)
      case 'smtp':
        return checkSmtp(settings.server)
      case 'outbox':
        return [OUTBOX]
    }
  }
  return (await Promise.all(mail.transports.map(check))).flat()
}

const OUTBOX = reportWarning(
  'mail-transport',
  'mails are kept in memory and reach nobody',
  'set MAIL_TRANSPORT to resend or smtp in production',
)
