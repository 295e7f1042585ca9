// Puts the service together from its parts, and takes it apart again in the right order.

import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { isTooSlow } from '../accounts/failures.ts'
import { createOpenWrites } from '../accounts/open-writes.ts'
import type { Config } from '../config/config.ts'
import { nameClient } from '../core/name-address.ts'
import { waitWithin } from '../deadline.ts'
import { messageOf } from '../errors.ts'
import { requestReset } from '../flows/request-reset.ts'
import { createTurns } from '../flows/turns.ts'
import type { HashLine } from '../hashing/hash-line.ts'
import { buildApp } from '../http/app.ts'
import { createLimiter } from '../http/limiter.ts'
import { prepareMount } from '../http/mount.ts'
import type { AppDeps, AppSettings } from '../http/options.ts'
import { createJwtVerifier } from '../jwt/jwt-verifier.ts'
import { createIntakeLine } from '../mail/intake-line.ts'
import type { Transport } from '../mail/transports/transport.ts'
import type { Accounts, Hasher, Limiter, Limits, ResetHooks } from '../ports.ts'
import { assembleAccounts, takeAccounts } from './assemble-accounts.ts'
import { assembleEvents } from './assemble-events.ts'
import { assembleHasher } from './assemble-hasher.ts'
import { assembleMail } from './assemble-mail.ts'
import { loadCommonPasswords } from './common-passwords.ts'
import type { Content } from './load-content.ts'
import { steadyClock } from './steady-clock.ts'

/** What the host application brings along, in place of what the configuration would make. */
export interface Parts {
  readonly accounts?: Accounts | undefined
  readonly transport?: Transport | undefined
  readonly hasher?: Hasher | undefined
  readonly hashLine?: HashLine | undefined
  readonly limits?: { readonly [Name in keyof Limits]?: Limiter | undefined }
  readonly hooks?: ResetHooks | undefined
}

/** A service put together. */
export interface Service {
  /**
   * Settles once the mapping was held against the table, however late, or once `stop` was called:
   * the faults found. With any, every flow goes on answering `unavailable`.
   */
  readonly mappingFaults: Promise<readonly string[]>
  /** The same faults, or none when the database has given no answer within five seconds. */
  firstFaults(): Promise<readonly string[]>
  /** @returns where it listens, as `http://address:port` */
  listen(): Promise<string>
  /** Takes the requests for its routes from another application, which listens. */
  mount(host: FastifyInstance): Promise<void>
  /**
   * Takes no new work and finishes what was accepted, within the grace period.
   *
   * @returns how many accepted link requests, confirmations, writes of unknown outcome, mails and
   * webhooks were lost
   */
  stop(): Promise<number>
}

/** How long a start waits for the database, to refuse a wrong mapping before it takes requests. */
const FIRST_REACH_MS = 5000
const INTAKE_CAPACITY = 10_000
const NOBODY = 'nobody@rekey.invalid'
const OPEN_WRITES_CAPACITY = 10_000
/** Enough for somebody who tries all passwords that they remember, and next to nothing for guessing. */
const WRONG_OLD_PASSWORDS = { limit: 10, seconds: 900 }
/** Each mails a notice: more than anybody needs, and too few to flood a mailbox. */
const CHANGES = { limit: 10, seconds: 3600 }
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
    nameClient: (client: string) => nameClient(links.keyRing[0], client),
    sendsNoPasswordNotice: mail.sendsNoPasswordNotice,
  }
  const intakeLine = createIntakeLine({
    capacity: INTAKE_CAPACITY,
    maxAgeSeconds: links.rules.ttlSeconds,
    handle: (requests) => requestReset(requestDeps, requests),
    isTooSlow,
    findsNobody: (kind) =>
      accounts.find([{ kind, text: NOBODY }]).then(
        () => true,
        () => false,
      ),
    onDrop: (reason) => events.record({ type: 'password_reset.ignored', reason }),
    onFailure: (error, waiting) => {
      logger.error({ reason: messageOf(error), waiting }, 'link requests wait: trying again')
    },
    clock,
  })

  const openWrites = createOpenWrites({
    capacity: OPEN_WRITES_CAPACITY,
    onFull: () =>
      logger.error('the outcome of a write stays unknown: too many others are open already'),
  })

  const deps: AppDeps = {
    ...requestDeps,
    openWrites,
    keyRing: links.keyRing,
    passwordRules: { ...passwords, commonPasswords: loadCommonPasswords() },
    turns: createTurns(),
    intakeLine,
    hooks: parts.hooks ?? noHooks,
    limits: {
      requests: parts.limits?.requests ?? createLimiter(http.requestRate, steadyClock),
      confirms: parts.limits?.confirms ?? createLimiter(http.confirmRate, steadyClock),
      wrongOldPasswords:
        parts.limits?.wrongOldPasswords ?? createLimiter(WRONG_OLD_PASSWORDS, steadyClock),
      changes: parts.limits?.changes ?? createLimiter(CHANGES, steadyClock),
    },
    jwtVerifier: config.jwt && createJwtVerifier(config.jwt),
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
    firstFaults: () => {
      const startAnyway = new Promise<readonly string[]>((resolve) => {
        setTimeout(resolve, FIRST_REACH_MS, []).unref()
      })
      return Promise.race([mappingFaults, startAnyway])
    },
    listen: () =>
      app.listen({
        host: config.process.host,
        port: config.process.port,
        listenTextResolver: (address) => `Rekey listens at ${address}`,
      }),
    mount,
    async stop() {
      const drained = async () => {
        await app.close()
        await Promise.all([intakeLine.drained(), openWrites.drained()])
        await Promise.all([mails.mailLine.drained(), webhookLine?.drained()])
        // The last mails have left events.
        await webhookLine?.drained()
      }
      await waitWithin(drained(), config.process.shutdownGraceSeconds * 1000)
      mails.close()
      await close()
      const lines = [intakeLine, openWrites, mails.mailLine, webhookLine]
      const lost = lines.reduce((sum, line) => sum + (line?.waiting() ?? 0), deps.turns.size())
      // The process may live on, and what was reported lost must not be sent after all.
      webhookLine?.close()
      openWrites.close()
      return lost
    },
  }
}
