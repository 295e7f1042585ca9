// The Fastify plugin: Rekey in an application's own process, with parts of its own where it wants.

import { availableParallelism } from 'node:os'
import { versions } from 'node:process'
import type { FastifyPluginAsync } from 'fastify'
import type { Config } from '../config/config.ts'
import type { SendOutcome, Transport } from '../mail/transports/transport.ts'
import { explainOldNode } from '../node-version.js'
import type {
  Account,
  Accounts,
  Hasher,
  Identifier,
  Limiter,
  MailMessage,
  OutgoingMail,
  PasswordWrite,
} from '../ports.ts'
import { assembleHashLine } from '../service/assemble-hasher.ts'
import { assembleService, type Parts } from '../service/assemble-service.ts'
import { serializeError } from '../service/create-logger.ts'
import type { RekeyLimits, RekeyOptions } from './options.ts'
import { holdAccounts, holdHasher, holdHooks, holdLimiter, holdTransport } from './own-parts.ts'
import { readOptions, refuseOptions } from './read-options.ts'
import { type Watch, watchParts } from './watch-parts.ts'

export type {
  Account,
  Accounts,
  Hasher,
  Identifier,
  Limiter,
  MailMessage,
  OutgoingMail,
  PasswordWrite,
  RekeyLimits,
  RekeyOptions,
  SendOutcome,
  Transport,
}

/** Node's, where nothing else is set. */
const DEFAULT_THREADS = 4

const mountRekey: FastifyPluginAsync<RekeyOptions> = async (app, options) => {
  const fault = explainOldNode(versions.node)
  if (fault) throw refuseOptions([fault])
  if (app.prefix !== '')
    throw refuseOptions(['prefix: register Rekey without one and set BASE_PATH'])
  const { config, content, warnings } = readOptions(options)
  const logger = app.log.child({ plugin: 'rekey' }, { serializers: { err: serializeError } })
  for (const warning of warnings) logger.warn(warning)

  const parts = holdParts(options, config, watchParts(logger))
  const service = assembleService(config, content, logger, parts)
  app.addHook('onClose', async () => {
    const lost = await service.stop()
    if (lost > 0) logger.error({ lost }, 'stopped before all accepted work was done')
  })
  const faults = await service.firstFaults()
  if (faults.length > 0) throw refuseOptions(faults)
  // A process of our own would end. Here all requests are answered with 503.
  void service.mappingFaults.then((late) => {
    if (late.length > 0) logger.error({ faults: late }, 'Rekey cannot use these tables')
  })
  await service.mount(app)
}

/**
 * Mounts the routes of the service at BASE_PATH, and those of DIALECTS and HOSTED_PAGE, without those of
 * its health. Closing the application finishes the work that was accepted, for SHUTDOWN_GRACE_SECONDS
 * at most.
 *
 * @throws AggregateError with every fault of the configuration, or of the mapping, by name, never by
 * value
 */
// Without Fastify's types, which differ from version to version: the application's may be another one.
export const rekey = mountRekey as (app: unknown, options: RekeyOptions) => Promise<void>

// Read by Fastify. Not marked to skip encapsulation: nothing of it is for other routes.
Object.assign(rekey, { [Symbol.for('plugin-meta')]: { name: 'rekey', fastify: '5.x' } })

function holdParts(
  options: RekeyOptions,
  { hashing: { requireUsable } }: Config,
  watch: Watch,
): Parts {
  const { env, accounts, transport, hasher, limits = {} } = options
  // Hashes leave two of the pool's threads to name look-ups.
  const threads = Number(env['UV_THREADPOOL_SIZE']) || DEFAULT_THREADS
  const hashLine = assembleHashLine(Math.max(1, Math.min(availableParallelism(), threads - 2)))
  const hold = (name: keyof typeof limits) => {
    const limiter = limits[name]
    return limiter && holdLimiter(limiter, `limits.${name}`, watch)
  }
  return {
    accounts: accounts && holdAccounts(accounts, watch),
    transport: transport && holdTransport(transport, watch),
    hasher: hasher && holdHasher(hasher, hashLine, requireUsable, watch),
    hashLine,
    limits: {
      requests: hold('requests'),
      confirms: hold('confirms'),
      wrongOldPasswords: hold('wrongOldPasswords'),
    },
    hooks: holdHooks(options, watch),
  }
}
