// The HTTP side as a whole: what every request passes, and where each route is.

import type { Server } from 'node:http'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyHttpOptions,
  type FastifyInstance,
} from 'fastify'
import { isDjangoAddress } from '../core/django-address.ts'
import { RekeyError } from '../errors.ts'
import { refuseExpectation, replyToBrokenRequest } from './broken-requests.ts'
import { changePassword } from './change-password.ts'
import { checkResetLink } from './check-reset-link.ts'
import { trustOnly } from './client-address.ts'
import { watchClosing } from './closing.ts'
import { allowOrigins, answerPreflights, underPrefixes } from './cross-origin.ts'
import { djRestAuth } from './dialects/dj-rest-auth.ts'
import { restPasswordreset } from './dialects/rest-passwordreset.ts'
import { replyWithErrors } from './errors.ts'
import { health } from './health.ts'
import { findHostFault } from './host-header.ts'
import { hostedPage } from './hosted-page.ts'
import { acceptJsonOnly } from './json-body.ts'
import type { AppDeps, AppOptions, AppSettings } from './options.ts'
import { outboxPage } from './outbox-page.ts'
import { passwordRules } from './password-rules.ts'
import { watchPreflights } from './refused-preflights.ts'
import { RequestLog } from './request-log.ts'
import { resetPassword } from './reset-password.ts'
import { apiHeaders } from './security-headers.ts'
import { sendResetPasswordLink } from './send-reset-password-link.ts'
import { watchRoutes } from './unknown-routes.ts'
import { watchForwardingHeaders } from './untrusted-proxies.ts'

const BODY_LIMIT_BYTES = 16 * 1024
const METHODS = ['GET', 'POST']

const dialectRoutes = { 'rest-passwordreset': restPasswordreset, 'dj-rest-auth': djRestAuth }

/** Fastify's options. The benchmark's floor runs with the same. */
export function fastifyOptions(trustedProxies: readonly string[]) {
  return {
    logController: new RequestLog(),
    trustProxy: trustedProxies.length > 0 && trustOnly(trustedProxies),
    bodyLimit: BODY_LIMIT_BYTES,
    // A slow sender holds a socket this long, and no longer.
    requestTimeout: 15_000,
    // Longer than the minute after which most proxies drop an idle connection of theirs.
    keepAliveTimeout: 72_000,
    http: {
      headersTimeout: 10_000,
      connectionsCheckingInterval: 5_000,
      // Node's own reply would have neither headers nor body.
      requireHostHeader: false,
    },
    routerOptions: { ignoreTrailingSlash: true },
    ajv: {
      customOptions: {
        allErrors: true,
        allowUnionTypes: true,
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        // An empty text is a blank one, which is all that is said of it.
        formats: { 'django-address': (text: string) => text === '' || isDjangoAddress(text) },
      },
    },
  } satisfies FastifyHttpOptions<Server>
}

/** Builds the app. It opens no socket; whoever builds it listens and closes. */
export function buildApp(
  deps: AppDeps,
  settings: AppSettings,
  logger: FastifyBaseLogger,
): FastifyInstance {
  const dialectPrefixes = settings.dialects.map(({ prefix }) => prefix)
  const isForPages = underPrefixes([settings.basePath, ...dialectPrefixes])
  const allowOrigin = allowOrigins(settings.corsOrigins, isForPages, underPrefixes(dialectPrefixes))
  const replyWithError = replyWithErrors()
  const app = Fastify({
    ...fastifyOptions(settings.trustedProxies),
    loggerInstance: logger,
    // Its body would not be ours.
    return503OnClosing: false,
    clientErrorHandler: replyToBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      reply.headers(apiHeaders)
      allowOrigin(request, reply)
      replyWithError(error, request, reply)
    },
  }).withTypeProvider<TypeBoxTypeProvider>()

  app.server.on('checkExpectation', refuseExpectation)
  acceptJsonOnly(app)
  app.setErrorHandler(replyWithError)
  const findRefusal = watchRoutes(app, isForPages)
  const isClosing = watchClosing(app)
  watchPreflights(app, settings.corsOrigins, isForPages)
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(apiHeaders)
    allowOrigin(request, reply)
    const hostFault = findHostFault(request)
    // Before a body is read that nobody wants.
    if (hostFault) done(hostFault)
    else if (request.is404) done(findRefusal(request, reply))
    else if (isClosing()) {
      done(new RekeyError('unavailable', 'the process is stopping', { retryAfterSeconds: 1 }))
    } else done()
  })
  watchForwardingHeaders(app)

  const options: AppOptions = { deps, settings }
  app.register(health, options)
  app.register(
    (api, _, done) => {
      answerPreflights(api, METHODS)
      api.register(sendResetPasswordLink, options)
      api.register(checkResetLink, options)
      api.register(resetPassword, options)
      if (deps.jwtVerifier) {
        api.register(changePassword, { ...options, jwtVerifier: deps.jwtVerifier })
      }
      api.register(passwordRules, options)
      done()
    },
    { prefix: settings.basePath },
  )
  for (const { name, prefix } of settings.dialects) {
    app.register(dialectRoutes[name], { ...options, prefix })
  }
  if (settings.hostedPage) app.register(hostedPage, { ...options, page: settings.hostedPage })
  if (settings.outbox) app.register(outboxPage, { outbox: settings.outbox })
  return app
}
