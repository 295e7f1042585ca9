// What a service needs around it: a database, and somebody who takes its mail.

import type { Certificate } from './certificate.ts'
import { createDatabase, type TestDatabase } from './database.ts'
import { confide } from './discretion.ts'
import { linkSecret } from './links.ts'
import { type Environment, killProcesses } from './rekey-process.ts'
import { type ResendStandIn, startResend } from './resend-stand-in.ts'

/** Several services can share them. */
export interface Surroundings {
  readonly database: TestDatabase
  readonly resend: ResendStandIn
  end(): Promise<void>
}

export const resetPageUrl = 'https://app.example/reset'

/** @param certificate With it, the stand-in of Resend speaks TLS. */
export async function createSurroundings(certificate?: Certificate): Promise<Surroundings> {
  const [database, resend] = await Promise.all([createDatabase(), startResend(certificate)])
  confide(new URL(database.url).password)
  confide(resend.apiKey)
  return {
    database,
    resend,
    async end() {
      killProcesses()
      await Promise.all([database.drop(), resend.stop()])
    },
  }
}

/** The least environment for these surroundings, talkative and without limits that tests would hit. */
export function environmentFor({ database, resend }: Surroundings): Environment {
  return {
    DATABASE_URL: database.url,
    LINK_SECRETS: linkSecret,
    RESET_PAGE_URL: resetPageUrl,
    MAIL_FROM: 'Rekey <no-reply@app.example>',
    RESEND_API_KEY: resend.apiKey,
    RESEND_BASE_URL: resend.url,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'trace',
    RATE_LIMIT_REQUESTS: '999999/1s',
    RATE_LIMIT_CONFIRMS: '999999/1s',
  }
}
