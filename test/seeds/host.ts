// A host application that has Rekey in its own process, and a hook before every reset and change.

import Fastify from 'fastify'
import { type RekeyOptions, rekey } from 'rekey'
import type { Environment } from '../support/rekey-process.ts'
import { startHost, type TestService } from '../support/service.ts'
import { environmentFor, type Surroundings } from '../support/surroundings.ts'

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
