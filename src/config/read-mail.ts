// Judges the variables of mails and of what mails and pages show, and makes the settings of them.

import { pathToFileURL } from 'node:url'
import { isMailbox, isPrintable, needsUtf8, parseSender } from '../core/email-address.ts'
import { parseRate } from '../core/rate.ts'
import type { Config, TransportSettings } from './config.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { isLoopback, parseProviderUrl, parseSmtpUrl } from './values.ts'

export function readMail(env: Environment, { attempt, check }: Judge): Config['mail'] {
  const isOutbox = env.MAIL_TRANSPORT.includes('outbox')
  const isOutboxAlone = !isOutbox || env.MAIL_TRANSPORT.length === 1
  check('MAIL_TRANSPORT', isOutboxAlone, 'outbox sends nothing, so it stands alone')
  check(
    ['MAIL_TRANSPORT', 'HOST'],
    !isOutbox || isLoopback(env.HOST),
    'outbox shows every mail to anybody who can reach it, so HOST must be a loopback address',
  )
  for (const name of ['MAIL_FROM', 'MAIL_REPLY_TO'] as const) {
    const sender = attempt(name, () => env[name] && parseSender(env[name]))
    const isForResend = env.MAIL_TRANSPORT.includes('resend')
    const isSendable = !isForResend || !sender || !needsUtf8(sender.address)
    check(name, isSendable, 'must have nothing beyond ASCII before the @: Resend takes no other')
  }
  check(
    ['MAIL_NO_PASSWORD_NOTICE', 'REQUIRE_USABLE_PASSWORD'],
    env.REQUIRE_USABLE_PASSWORD || !env.MAIL_NO_PASSWORD_NOTICE,
    'an account without a password gets a link when REQUIRE_USABLE_PASSWORD is false: set one of them',
  )
  const readTransport = (name: Environment['MAIL_TRANSPORT'][number]): TransportSettings => {
    switch (name) {
      case 'resend': {
        const apiKey = env.RESEND_API_KEY ?? ''
        const needed = ['RESEND_API_KEY', 'MAIL_TRANSPORT'] as const
        check(needed, apiKey !== '', 'is required for MAIL_TRANSPORT=resend')
        const isKey = /^[\x21-\x7e]+$/.test(apiKey)
        check(needed, isKey, 'must be plain letters, digits and signs without blanks')
        const baseUrl = attempt('RESEND_BASE_URL', () => parseProviderUrl(env.RESEND_BASE_URL))
        return { name, account: { apiKey, baseUrl } }
      }
      case 'smtp': {
        const isThere = env.SMTP_URL !== undefined
        check(['SMTP_URL', 'MAIL_TRANSPORT'], isThere, 'is required for MAIL_TRANSPORT=smtp')
        return { name, server: attempt('SMTP_URL', () => parseSmtpUrl(env.SMTP_URL ?? '')) }
      }
      case 'outbox':
        return { name }
    }
  }
  return {
    from: env.MAIL_FROM,
    replyTo: env.MAIL_REPLY_TO,
    transports: env.MAIL_TRANSPORT.map(readTransport),
    ratePerAccount: parseRate(env.RATE_LIMIT_PER_ACCOUNT),
    sendsNoPasswordNotice: env.MAIL_NO_PASSWORD_NOTICE,
    ratePerSecond: env.MAIL_RATE_PER_SECOND,
    dailyBudget: env.MAIL_DAILY_BUDGET,
  }
}

export function readContent(env: Environment, { check }: Judge): Config['content'] {
  const isPlainName = isPrintable(env.APP_NAME) && env.APP_NAME.length <= 64
  check('APP_NAME', isPlainName, 'must be at most 64 characters without line breaks or the like')
  const isSupportMailbox = env.SUPPORT_EMAIL === undefined || isMailbox(env.SUPPORT_EMAIL)
  check('SUPPORT_EMAIL', isSupportMailbox, 'must be an address alone, such as help@app.example')
  const directory = env.MAIL_TEMPLATES_DIR
  return {
    appName: env.APP_NAME,
    supportEmail: env.SUPPORT_EMAIL,
    brandColor: `#${env.BRAND_COLOR.replace('#', '')}`,
    defaultLocale: env.DEFAULT_LOCALE,
    templatesDirectory: directory === undefined ? undefined : pathToFileURL(`${directory}/`),
  }
}
