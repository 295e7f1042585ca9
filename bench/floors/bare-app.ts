// What the HTTP floors share: Fastify with Rekey's options and logger, the pool, and nothing else.
//
// Rekey runs compiled, so the benchmark compiles the floors in the same way: one bundle each, with
// the same esbuild options. By hand they run as they stand.

import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { pino } from 'pino'
import postgres from 'postgres'
import { fastifyOptions } from '../../src/http/app.ts'

/** Rekey's default BASE_PATH. */
export const BASE_PATH = '/api/v1/accounts'

/** An app with one log line for each request, as Rekey has it. */
export function createBareApp(): FastifyInstance {
  const logger: FastifyBaseLogger = pino({ level: 'info' })
  return Fastify({ ...fastifyOptions([]), loggerInstance: logger })
}

/** A pool as large as Rekey's default, with the same driver options. */
export function openPool() {
  const { DATABASE_URL = 'postgres://127.0.0.1/postgres' } = process.env
  return postgres(DATABASE_URL, { max: 10, prepare: true, idle_timeout: 600, fetch_types: false })
}

/** Listens at HOST and PORT until SIGTERM. */
export async function listen(app: FastifyInstance): Promise<void> {
  const { HOST = '127.0.0.1', PORT = '3001' } = process.env
  process.once('SIGTERM', async () => {
    await app.close()
    process.exit()
  })
  await app.listen({ host: HOST, port: Number(PORT) })
}
