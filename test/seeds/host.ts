// A host application that has Rekey in its own process, and a hook before every reset and change.

import Fastify from 'fastify'
import { type RekeyOptions, rekey } from 'rekey'
import {
  type Environment,
  environmentFor,
  type Surroundings,
  startHost,
  type TestService,
} from '../support/service.ts'

/** Starts one for as long as the work takes. */
export async function withHook(
  surroundings: Surroundings,
  env: Environment,
  beforeReset: NonNullable<RekeyOptions['beforeReset']>,
  work: (host: TestService) => Promise<void>,
): Promise<void> {
  const host = await startHost(surroundings, async (logger) => {
    const app = Fastify({ loggerInstance: logger })
    await app.register(rekey, { env: { ...environmentFor(surroundings), ...env }, beforeReset })
    return app
  })
  try {
    await work(host)
  } finally {
    await host.stop()
  }
}
