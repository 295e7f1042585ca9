// Puts the service together from its parts, and takes it apart again in the right order.

import commonPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' }
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Config } from '../config/config.ts'
import { requestReset } from '../flows/request-reset.ts'
import { createTurns } from '../flows/turns.ts'
import type { HashLine } from '../hashing/hash-line.ts'
import { buildApp } from '../http/app.ts'
import { prepareMount } from '../http/mount.ts'
import type { AppDeps, AppSettings } from '../http/options.ts'
import { createLimiter } from '../http/rate-limit.ts'
import { createIntakeLine } from '../mail/intake-line.ts'
import type { Transport } from '../mail/transports/transport.ts'
import type { Accounts, Hasher, Limiter, ResetHooks } from '../ports.ts'
import { createTokenVerifier } from '../tokens/token-verifier.ts'
import { assembleAccounts, takeAccounts } from './assemble-accounts.ts'
import { assembleEvents } from './assemble-events.ts'
import { assembleHasher } from './assemble-hasher.ts'
import { assembleMail } from './assemble-mail.ts'
import type { Content } from './load-content.ts'

/** What the host application brings along, in place of what the configuration would make. */
export interface Parts {
  readonly accounts?: Accounts | undefined
  readonly transport?: Transport | undefined
  readonly hasher?: Hasher | undefined
  readonly hashLine?: HashLine | undefined
  readonly requestLimiter?: Limiter | undefined
  readonly confirmLimiter?: Limiter | undefined
  readonly wrongPasswordLimiter?: Limiter | undefined
  readonly hooks?: ResetHooks | undefined
}

/** A service put together. */
export interface Service {
  /**
   * Settles once the mapping was held against the table, however late, or once `stop` was called:
   * the faults found. With any, every flow goes on answering `unavailable`.
   */
  readonly mappingFaults: Promise<readonly string[]>
  /** @returns where it listens, as `http://address:port` */
  listen(): Promise<string>
  /** Takes the requests for its routes from another application, which listens. */
  mount(host: FastifyInstance): Promise<void>
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
const noHooks: ResetHooks = { beforeReset: async () => undefined, afterReset: async () => {} }

/** Puts the service together. It begins to look for its database, and listens when it is told to. */
export function assembleService(
  config: Config,
  content: Content,
  logger: FastifyBaseLogger,
  parts: Parts = {},
): Service {
  const { http, links, mail, passwords } = config
  const clock = Date.now
  const { events, webhookLine } = assembleEvents(config, clock, logger)
  const { accounts, assertReady, mappingFaults, close } = parts.accounts
    ? takeAccounts(parts.accounts)
    : assembleAccounts(config, clock, logger)
  const hasher = parts.hasher ?? assembleHasher(config, parts.hashLine)

  const mails = assembleMail(
    config,
    { accounts, hasher, templates: content.templates, events, clock },
    logger,
    parts.transport,
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
    hooks: parts.hooks ?? noHooks,
    requestLimiter: parts.requestLimiter ?? createLimiter(http.requestRate),
    confirmLimiter: parts.confirmLimiter ?? createLimiter(http.confirmRate),
    wrongPasswordLimiter: parts.wrongPasswordLimiter ?? createLimiter(WRONG_OLD_PASSWORDS),
    tokenVerifier: config.tokens && createTokenVerifier(config.tokens),
    clock,
    assertReady,
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
  const mount = prepareMount(app)

  return {
    mappingFaults,
    listen: () =>
      app.listen({
        host: config.process.host,
        port: config.process.port,
        listenTextResolver: (address) => `Rekey listens at ${address}`,
      }),
    mount,
    async stop() {
      const graceMs = config.process.shutdownGraceSeconds * 1000
      const drained = async () => {
        await app.close()
        await intakeLine.drained()
        await Promise.all([mails.mailLine.drained(), webhookLine?.drained()])
        // The last mails have left events.
        await webhookLine?.drained()
      }
      let graceTimer: NodeJS.Timeout | undefined
      const graceOver = new Promise((resolve) => {
        graceTimer = setTimeout(resolve, graceMs)
      })
      await Promise.race([drained(), graceOver])
      // It would keep the process of an application alive that has closed.
      clearTimeout(graceTimer)
      mails.close()
      await close()
      const lines = [intakeLine, mails.mailLine, webhookLine]
      return lines.reduce((sum, line) => sum + (line?.waiting() ?? 0), deps.turns.size())
    },
  }
}
