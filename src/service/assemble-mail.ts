// Puts together what a mail passes on its way from an order to a provider.

import type { FastifyBaseLogger } from 'fastify'
import type { Config, TransportSettings } from '../config/config.ts'
import { createAddressCap } from '../flows/address-cap.ts'
import { type ComposeMailsDeps, composeMails } from '../flows/compose-mails.ts'
import { createDailyBudget } from '../mail/daily-budget.ts'
import { createMailLine, type DrainingMailLine } from '../mail/mail-line.ts'
import { type Chain, createChain } from '../mail/transports/chain.ts'
import { createOutbox, type Outbox } from '../mail/transports/outbox.ts'
import { createResendTransport } from '../mail/transports/resend.ts'
import { createSmtpTransport } from '../mail/transports/smtp.ts'
import type { Transport } from '../mail/transports/transport.ts'
import type { Accounts, Events, Hasher, Templates } from '../ports.ts'

export interface MailParts {
  readonly mailLine: DrainingMailLine
  /** Where mails are shown that are not sent. */
  readonly outbox: Outbox | undefined
  /** Lets go of all connections. Nothing is sent any more. */
  close(): void
}

interface MailDeps {
  readonly accounts: Accounts
  readonly hasher: Hasher
  readonly templates: Templates
  readonly events: Events
  /** @returns unix milliseconds */
  readonly clock: () => number
}

const MAIL_CAPACITY = 10_000
const MAILS_AT_ONCE = 8

/** Puts together what makes a mail of an order, with a cap that has counted nothing yet. */
export function assembleComposer(
  { links, mail }: Pick<Config, 'links' | 'mail'>,
  deps: Omit<MailDeps, 'clock'>,
): ComposeMailsDeps {
  return {
    ...deps,
    addressCap: createAddressCap(links.keyRing[0], mail.ratePerAccount, links.rules),
    keyRing: links.keyRing,
    linkRules: links.rules,
    linkUrl: links.url,
    requestPageUrl: links.requestPageUrl,
    from: mail.from,
    replyTo: mail.replyTo,
  }
}

/**
 * Puts together the ways for mails to leave. It connects to nothing before the first mail.
 *
 * @param ownTransport the host application's, in place of all others
 */
export function assembleChain(
  { mail }: Pick<Config, 'mail'>,
  logger: FastifyBaseLogger,
  ownTransport?: Transport,
): { readonly chain: Chain; readonly outbox: Outbox | undefined } {
  const outbox = createOutbox()
  const createTransport = (settings: TransportSettings): Transport => {
    switch (settings.name) {
      case 'resend':
        return createResendTransport(settings.account)
      case 'smtp':
        return createSmtpTransport(settings.server)
      case 'outbox':
        return outbox
    }
  }
  const transports = ownTransport
    ? [['application', ownTransport] as const]
    : mail.transports.map((settings) => [settings.name, createTransport(settings)] as const)
  const chain = createChain(transports, {
    clock: () => performance.now(),
    onRest: (transport, restMs, reason) =>
      logger.warn({ transport, restMs, reason }, 'a mail transport fails: left alone for a while'),
  })
  const isShown = !ownTransport && mail.transports.some(({ name }) => name === 'outbox')
  return { chain, outbox: isShown ? outbox : undefined }
}

/** Puts it together. It connects to nothing before the first mail. */
export function assembleMail(
  config: Pick<Config, 'links' | 'mail'>,
  deps: MailDeps,
  logger: FastifyBaseLogger,
  ownTransport?: Transport,
): MailParts {
  const { links, mail } = config
  const { clock, events } = deps
  const composer = assembleComposer(config, deps)
  const { chain, outbox } = assembleChain(config, logger, ownTransport)
  const budget =
    mail.dailyBudget === undefined
      ? undefined
      : createDailyBudget({
          mailsPerDay: mail.dailyBudget,
          startedAt: clock(),
          onUsed: (percent) =>
            logger.warn(
              { percent, budget: mail.dailyBudget },
              `${percent} % of MAIL_DAILY_BUDGET is used for today`,
            ),
        })
  const mailLine = createMailLine({
    capacity: MAIL_CAPACITY,
    atOnce: MAILS_AT_ONCE,
    linkLifeSeconds: links.rules.ttlSeconds,
    ratePerSecond: mail.ratePerSecond,
    budget,
    clock,
    compose: (orders) => composeMails(composer, orders, clock()),
    chain,
    events,
    onUnsent: (order) => composer.addressCap.forget(order),
    onUnreadable: (reason, waiting) =>
      logger.error({ reason, waiting }, 'mails wait: the accounts cannot be read, trying again'),
  })
  return { mailLine, outbox, close: chain.close }
}
