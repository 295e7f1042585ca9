// A configuration that has no fault, and ways to read it with changes.

import type { Config } from '../../src/config/config.ts'
import { readConfig } from '../../src/config/read-config.ts'

export type Variables = Readonly<Record<string, string | undefined>>

export const SECRET = 'rk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
export const OTHER_SECRET = 'rk1___79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA'

/** What must be set, and nothing else. */
export const required: Variables = {
  DATABASE_URL: 'postgres://rekey:pw@localhost:5432/app',
  LINK_SECRETS: SECRET,
  RESET_PAGE_URL: 'https://app.example/reset',
  MAIL_FROM: 'Acme <no-reply@app.example>',
  RESEND_API_KEY: 're_123',
}

/** Reads a configuration that has to be without fault. */
export function configWith(changes: Variables = {}): Config {
  const reading = readConfig({ ...required, ...changes })
  if ('faults' in reading) throw new Error(reading.faults.join('\n'))
  return reading.config
}

export function faultsWith(changes: Variables): readonly string[] {
  const reading = readConfig({ ...required, ...changes })
  return 'faults' in reading ? reading.faults : []
}

export function warningsWith(changes: Variables): readonly string[] {
  return readConfig({ ...required, ...changes }).warnings
}

/** The variables at fault. */
export function faultyWith(changes: Variables): string[] {
  return faultsWith(changes).map((fault) => fault.replace(/:.*/s, ''))
}
