// Puts the service together from its parts, and takes it apart again in the right order.

import { availableParallelism } from 'node:os'
import commonPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' }
import type { FastifyBaseLogger } from 'fastify'
import { openDatabase } from '../accounts/database.ts'
import { inspectAgain } from '../accounts/inspect-accounts.ts'
import { createLateAccounts } from '../accounts/late-accounts.ts'
import { createPostgresAccounts } from '../accounts/postgres-accounts.ts'
import { reachTable } from '../accounts/reach-table.ts'
import { createReadiness } from '../accounts/readiness.ts'
import type { Config } from '../config/config.ts'
import { describeFinding, type Finding } from '../core/finding.ts'
import { createLogEvents } from '../events/log-events.ts'
import { createAccountCap, nameAddress } from '../flows/account-cap.ts'
import { composeMails } from '../flows/compose-mails.ts'
import { requestReset } from '../flows/request-reset.ts'
import { createTurns } from '../flows/turns.ts'
import { createHashLine } from '../hashing/hash-line.ts'
import { createHasher } from '../hashing/hasher.ts'
import { listPasswordFormats } from '../hashing/registry.ts'
import { buildApp } from '../http/app.ts'
import type { HostedPage } from '../http/hosted-page.ts'
import type { AppDeps, AppSettings } from '../http/options.ts'
import { readPageFiles } from '../http/page-files.ts'
import { createLimiter } from '../http/rate-limit.ts'
import { createDailyBudget } from '../mail/daily-budget.ts'
import { createIntakeLine } from '../mail/intake-line.ts'
import { createMailLine } from '../mail/mail-line.ts'
import { createChain } from '../mail/transports/chain.ts'
import { createOutbox } from '../mail/transports/outbox.ts'
import { createResendTransport } from '../mail/transports/resend.ts'
import { createSmtpTransport } from '../mail/transports/smtp.ts'
import type { Templates, Transport } from '../ports.ts'
import { loadMails } from './load-mails.ts'

/** A service put together. */
export interface Service {
  /**
   * Settles once the mapping was held against the table, however late, or once `stop` was called:
   * the faults found. With any, every flow goes on answering `unavailable`.
   */
  readonly mappingFaults: Promise<readonly string[]>
  /** @returns where it listens, as `http://address:port` */
  listen(): Promise<string>
  /**
   * Takes no new work and finishes what was accepted, within the grace period.
   *
   * @returns how many accepted link requests, confirmations and mails were lost
   */
  stop(): Promise<number>
}

const INTAKE_CAPACITY = 10_000
const MAIL_CAPACITY = 10_000
const MAILS_AT_ONCE = 8
const HASHES_WAITING = 128

const pageDirectory = new URL('../page/', import.meta.url)

/** What the service reads from files, once. */
export interface Content {
  readonly templates: Templates
  readonly hostedPage: HostedPage | undefined
}

/**
 * Reads the mail templates, and the pages where they are served.
 *
 * @throws AggregateError as `loadMails` does
 * @throws Error that names the page at fault
 */
export function loadContent(config: Config): Content {
  const { content, http, links } = config
  const { appName, supportEmail } = content
  const { requestPageUrl } = links
  const page = { appName, supportEmail, requestPageUrl, apiBase: http.basePath }
  return {
    templates: loadMails(config),
    hostedPage: http.servesPages ? { files: readPageFiles(pageDirectory, page) } : undefined,
  }
}

/** Puts the service together. It begins to look for its database, and listens when it is told to. */
export function assembleService(
  config: Config,
  content: Content,
  logger: FastifyBaseLogger,
): Service {
  const { hashing, http, links, mail, passwords } = config
  const clock = Date.now
  const events = createLogEvents(logger)
  const database = openDatabase(config.database)
  const { accounts, arrive, hasArrived } = createLateAccounts()
  const formats = listPasswordFormats(hashing.pepper)
  const named = formats.find((format) => format.name === hashing.format)
  const hashLine = createHashLine(availableParallelism(), HASHES_WAITING)
  const hasher = createHasher({ formats, named, requireUsable: hashing.requireUsable }, hashLine)

  const outbox = mail.transports.includes('outbox') ? createOutbox() : undefined
  const transport = outbox ?? createConfiguredChain(mail, clock, logger)
  const [signingKeys] = links.keyRing
  const accountCap = createAccountCap(signingKeys, mail.ratePerAccount, links.rules)
  const budget =
    mail.dailyBudget === undefined
      ? undefined
      : createDailyBudget({
          mailsPerDay: mail.dailyBudget,
          nameAddress: (address) => nameAddress(signingKeys, address),
          startedAt: clock(),
          onUsed: (percent) =>
            logger.warn(
              { percent, budget: mail.dailyBudget },
              `${percent} % of MAIL_DAILY_BUDGET is used for today`,
            ),
        })
  const composeDeps = {
    accounts,
    hasher,
    keyRing: links.keyRing,
    linkRules: links.rules,
    linkUrl: links.url,
    requestPageUrl: links.requestPageUrl,
    from: mail.from,
    replyTo: mail.replyTo,
    templates: content.templates,
    accountCap,
    events,
  }
  const mailLine = createMailLine({
    capacity: MAIL_CAPACITY,
    atOnce: MAILS_AT_ONCE,
    lifeSeconds: links.rules.ttlSeconds,
    ratePerSecond: mail.ratePerSecond,
    budget,
    clock,
    compose: (orders) => composeMails(composeDeps, orders, clock()),
    transport,
    events,
    onUnsent: (order) => accountCap.forget(order),
    onUnreadable: (reason, waiting) =>
      logger.error({ reason, waiting }, 'mails wait: the accounts cannot be read, trying again'),
  })
  const requestDeps = {
    accounts,
    hasher,
    mailLine,
    events,
    linkRules: links.rules,
    sendsNoPasswordNotice: mail.sendsNoPasswordNotice,
  }
  const intakeLine = createIntakeLine({
    capacity: INTAKE_CAPACITY,
    maxAgeSeconds: links.rules.ttlSeconds,
    handle: (requests) => requestReset(requestDeps, requests),
    onFailure: (error, waiting) => {
      const reason = error instanceof Error ? error.message : 'unknown'
      logger.error({ reason, waiting }, 'link requests wait: trying again')
    },
    clock,
  })

  const deps: AppDeps = {
    ...requestDeps,
    keyRing: links.keyRing,
    passwordRules: { ...passwords, commonPasswords: new Set(commonPasswords) },
    turns: createTurns(),
    intakeLine,
    requestLimiter: createLimiter(http.requestRate),
    confirmLimiter: createLimiter(http.confirmRate),
    clock,
    assertReady: createReadiness({
      hasArrived,
      ping: database.ping,
      inspect: () => inspectAgain(config.database, config.users),
      onChange: (faults) =>
        faults.length > 0
          ? logger.error({ faults }, 'the tables are no longer as they are mapped')
          : logger.info('the tables are as they are mapped again'),
      clock,
    }),
  }
  const settings: AppSettings = {
    basePath: http.basePath,
    corsOrigins: http.corsOrigins,
    trustedProxies: http.trustedProxies,
    revealUnknownUsers: http.revealUnknownUsers,
    requirePasswordConfirm: http.requirePasswordConfirm,
    hostedPage: content.hostedPage,
    outbox,
  }
  const app = buildApp(deps, settings, logger)

  const stopping = new AbortController()
  const mappingFaults = reachTable(database, config.users, stopping.signal, (reason) => {
    logger.warn({ reason }, 'the database cannot be reached: still trying')
  }).then((inspection) => {
    const { facts, findings } = inspection ?? { findings: [] }
    const listed = (status: Finding['status']) =>
      findings.filter((finding) => finding.status === status).map(describeFinding)
    if (!facts) return listed('fault')
    for (const warning of listed('warning')) logger.warn(warning)
    arrive(
      createPostgresAccounts(database, config.users, facts, (code) =>
        logger.warn({ code }, 'an account is left out: the database cannot read or judge its row'),
      ),
    )
    return []
  })

  return {
    mappingFaults,
    listen: () =>
      app.listen({
        host: config.process.host,
        port: config.process.port,
        listenTextResolver: (address) => `Rekey listens at ${address}`,
      }),
    async stop() {
      const graceMs = config.process.shutdownGraceSeconds * 1000
      const drained = async () => {
        await app.close()
        await intakeLine.drained()
        await mailLine.drained()
      }
      await Promise.race([drained(), new Promise((resolve) => setTimeout(resolve, graceMs))])
      stopping.abort()
      transport.close()
      await database.close()
      return intakeLine.waiting() + deps.turns.size() + mailLine.waiting()
    },
  }
}

function createConfiguredChain(
  mail: Config['mail'],
  clock: () => number,
  logger: FastifyBaseLogger,
): Transport {
  const transports = mail.transports.map((name): [string, Transport] => [
    name,
    name === 'smtp' && mail.smtp
      ? createSmtpTransport(mail.smtp, MAILS_AT_ONCE)
      : createResendTransport(mail.resend),
  ])
  return createChain(transports, {
    clock,
    onRest: (transport, restMs, reason) =>
      logger.warn({ transport, restMs, reason }, 'a mail transport fails: left alone for a while'),
  })
}
