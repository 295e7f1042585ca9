// Starts the parts of the demo in order, and stops them in the other.

import { hash } from '@node-rs/argon2'
import postgres from 'postgres'
import { migrate } from '../src/cli/migrate.ts'
import { readConfig } from '../src/config/read-config.ts'
import { assembleService } from '../src/service/assemble-service.ts'
import { createLogger } from '../src/service/create-logger.ts'
import { loadContent } from '../src/service/load-content.ts'
import { startApplication } from './application.ts'
import { startPostgres } from './postgres-server.ts'

export interface DemoOptions {
  /** Rekey's port on this machine. */
  readonly port: number
  /** The application's. */
  readonly appPort: number
  readonly linkSecret: string
}

export interface Demo {
  /** What to open and what to try. */
  readonly introduction: string
  readonly databaseUrl: string
  stop(): Promise<void>
}

const ACCOUNTS = ['ada@example.com', 'grace@example.com']
const PASSWORD = 'a forgotten password'

/**
 * Starts the demo.
 *
 * @param stopSignal when it settles first, what has started is stopped again
 * @returns undefined when it was told to stop before it was up
 * @throws Error that says what to do, after everything that had started has been stopped
 */
export async function startDemo(
  options: DemoOptions,
  stopSignal: Promise<void>,
): Promise<Demo | undefined> {
  const { port, appPort, linkSecret } = options
  const stops: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const stopPart of stops.splice(0).reverse()) await stopPart()
  }
  let isStopping = false
  void stopSignal.then(() => {
    isStopping = true
  })

  try {
    const server = await startPostgres()
    stops.push(() => server.stop())
    const env = {
      DATABASE_URL: server.url(),
      LINK_SECRETS: linkSecret,
      RESET_PAGE_URL: `http://localhost:${appPort}/reset/`,
      REQUEST_PAGE_URL: `http://localhost:${appPort}/reset/request`,
      MAIL_FROM: 'Demo <demo@example.com>',
      MAIL_TRANSPORT: 'outbox',
      APP_NAME: 'Demo',
      HOST: '127.0.0.1',
      PORT: String(port),
      LOG_LEVEL: 'warn',
    }
    await migrate({ env, out: () => {}, err: fail })
    const sql = postgres(server.url(), { max: 2, onnotice: () => {} })
    stops.push(() => sql.end())
    const passwordHash = await hash(PASSWORD)
    for (const email of ACCOUNTS) {
      await sql`INSERT INTO users (email, password_hash) VALUES (${email}, ${passwordHash})`
    }

    const reading = readConfig(env)
    if ('faults' in reading) throw new Error(reading.faults.join(', '))
    const { config } = reading
    const service = assembleService(config, loadContent(config), createLogger(env.LOG_LEVEL))
    stops.push(() => service.stop())
    await service.mappingFaults
    const apiBase = `http://localhost:${port}/api/v1/accounts`
    await service.listen().catch((error: unknown) => fail(explainPort(error, 'PORT', port)))
    stops.push(
      await startApplication({ port: appPort, apiBase, accounts: ACCOUNTS, sql }).catch(
        (error: unknown) => fail(explainPort(error, 'APP_PORT', appPort)),
      ),
    )
    const introduction = introduce(port, appPort)
    if (!isStopping) return { introduction, databaseUrl: env.DATABASE_URL, stop }
  } catch (error) {
    await stop()
    // The signal may itself be what ended a part that was just starting.
    if (!isStopping) throw error
  }
  await stop()
  return undefined
}

function introduce(port: number, appPort: number): string {
  return `
  The application      http://localhost:${appPort}/
  Its mails            http://localhost:${port}/outbox

  Accounts             ${ACCOUNTS.join(' and ')}
  Their password       ${PASSWORD}

  Open the application, say that you forgot the password, read the mail, choose a new one.
  Ctrl-C stops everything and removes it.
`
}

function fail(message: string): never {
  throw new Error(message)
}

function explainPort(error: unknown, variable: string, port: number): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EADDRINUSE') {
    return `port ${port} is taken. Free it, or choose another: ${variable}=${port + 100} npm run demo`
  }
  if (code === 'EACCES') {
    return `port ${port} is not allowed to you. Choose another: ${variable}=${port + 3000} npm run demo`
  }
  return message
}
