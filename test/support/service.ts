// Starts the service as its users meet it, in this process or in one of its own.

import { Agent } from 'node:http'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { readConfig } from '../../src/config/read-config.ts'
import { assembleService } from '../../src/service/assemble-service.ts'
import { createLogger } from '../../src/service/create-logger.ts'
import { loadContent } from '../../src/service/load-content.ts'
import { type Client, createClient } from './client.ts'
import { expectDiscretion } from './discretion.ts'
import { type Environment, originOf, type RekeyProcess, runRekey } from './rekey-process.ts'
import { createLog, type ServiceLog } from './service-log.ts'
import { environmentFor, type Surroundings } from './surroundings.ts'

export interface TestService extends Client {
  readonly log: ServiceLog
  /** Stops it and checks its log. @returns How many accepted requests and mails were lost. */
  stop(): Promise<number>
}

export interface ServiceProcess extends RekeyProcess, Client {}

/** Starts the service in this process, and waits until it has found its table, if it can. */
export async function startService(
  surroundings: Surroundings,
  env: Environment = {},
): Promise<TestService> {
  const reading = readConfig({ ...environmentFor(surroundings), ...env })
  if ('faults' in reading) throw new Error(reading.faults.join('\n'))
  const log = createLog()
  const stream = { write: (line: string) => log.add(line) }
  const logger = createLogger(reading.config.process.logLevel, stream)
  const service = assembleService(reading.config, loadContent(reading.config), logger)
  const faults = await service.mappingFaults
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const agent = new Agent({ keepAlive: true })
  const client = createClient(await service.listen(), surroundings.resend, agent)
  return {
    ...client,
    log,
    async stop() {
      agent.destroy()
      const lost = await service.stop()
      expectDiscretion(log.lines.map((line) => JSON.stringify(line)).join('\n'))
      return lost
    },
  }
}

/**
 * Starts an application that has Rekey in its own process.
 *
 * @param build is given a log of the application's own
 * @returns as the service; `lost` is 0, because whatever was lost is in the log
 */
export async function startHost(
  { resend }: Surroundings,
  build: (logger: FastifyBaseLogger) => Promise<FastifyInstance>,
): Promise<TestService> {
  const log = createLog()
  const app = await build(pino({ level: 'trace' }, { write: (line: string) => log.add(line) }))
  const agent = new Agent({ keepAlive: true })
  const client = createClient(await app.listen({ host: '127.0.0.1', port: 0 }), resend, agent)
  return {
    ...client,
    log,
    async stop() {
      agent.destroy()
      await app.close()
      expectDiscretion(log.lines.map((line) => JSON.stringify(line)).join('\n'))
      return 0
    },
  }
}

/** Starts the service in a process of its own, and waits until it listens. */
export async function startServiceProcess(
  surroundings: Surroundings,
  env: Environment = {},
  program?: readonly string[],
): Promise<ServiceProcess> {
  const rekey = runRekey(['serve'], { ...environmentFor(surroundings), ...env }, program)
  const url = await originOf(rekey)
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  rekey.child.once('exit', () => agent.destroy())
  return { ...rekey, ...createClient(url, surroundings.resend, agent) }
}
