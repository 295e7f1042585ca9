// Puts the service together from its parts, and takes it apart again in the right order.

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
import { requestReset } from '../flows/request-reset.ts'
import { createTurns } from '../flows/turns.ts'
import { buildApp } from '../http/app.ts'
import type { AppDeps, AppSettings } from '../http/options.ts'
import { createLimiter } from '../http/rate-limit.ts'
import { createIntakeLine } from '../mail/intake-line.ts'
import { createTokenVerifier } from '../tokens/token-verifier.ts'
import { assembleEvents } from './assemble-events.ts'
import { assembleHasher } from './assemble-hasher.ts'
import { assembleMail } from './assemble-mail.ts'
import type { Content } from './load-content.ts'

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
   * @returns how many accepted link requests, confirmations, mails and webhooks were lost
   */
  stop(): Promise<number>
}

const INTAKE_CAPACITY = 10_000
/** Enough for somebody who tries all passwords that they remember, and next to nothing for guessing. */
const WRONG_OLD_PASSWORDS = { limit: 10, seconds: 900 }

/** Puts the service together. It begins to look for its database, and listens when it is told to. */
export function assembleService(
  config: Config,
  content: Content,
  logger: FastifyBaseLogger,
): Service {
  const { http, links, mail, passwords } = config
  const clock = Date.now
  const { events, webhookLine } = assembleEvents(config, clock, logger)
  const database = openDatabase(config.database)
  const { accounts, arrive, hasArrived } = createLateAccounts()
  const hasher = assembleHasher(config)

  const mails = assembleMail(
    config,
    { accounts, hasher, templates: content.templates, events, clock },
    logger,
  )
  const requestDeps = {
    accounts,
    hasher,
    mailLine: mails.mailLine,
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
    wrongPasswordLimiter: createLimiter(WRONG_OLD_PASSWORDS),
    tokenVerifier: config.tokens && createTokenVerifier(config.tokens),
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
    dialects: http.dialects,
    hostedPage: content.hostedPage,
    outbox: mails.outbox,
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
        await Promise.all([mails.mailLine.drained(), webhookLine?.drained()])
        // The last mails have left events.
        await webhookLine?.drained()
      }
      await Promise.race([drained(), new Promise((resolve) => setTimeout(resolve, graceMs))])
      stopping.abort()
      mails.close()
      await database.close()
      const lines = [intakeLine, mails.mailLine, webhookLine]
      return lines.reduce((sum, line) => sum + (line?.waiting() ?? 0), deps.turns.size())
    },
  }
}
