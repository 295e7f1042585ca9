// Judges the variables of the connection to the database, and makes the settings of it.

import type { DatabaseSettings } from '../accounts/database.ts'
import { type DatabaseAddress, parseDatabaseUrl } from '../core/database-url.ts'
import { readTlsMode } from '../core/tls-mode.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { isLocalDatabase } from './values.ts'

const PEM_LINE = /^-----BEGIN CERTIFICATE-----\s*$/m

export function readDatabase(
  env: Environment,
  { attempt, check }: Judge,
): { readonly settings: DatabaseSettings; readonly warnings: readonly string[] } {
  const address: DatabaseAddress | undefined = attempt('DATABASE_URL', () =>
    parseDatabaseUrl(env.DATABASE_URL),
  )
  const isPem = env.DATABASE_CA === undefined || PEM_LINE.test(env.DATABASE_CA)
  check('DATABASE_CA', isPem, 'must be PEM text with its line breaks, not a path, nor in quotes')
  const settings = {
    url: env.DATABASE_URL,
    ca: env.DATABASE_CA,
    poolMax: env.DATABASE_POOL_MAX,
    prepare: env.DATABASE_PREPARE,
  }
  return { settings, warnings: address ? listWarnings(settings, address) : [] }
}

function listWarnings({ url, ca, prepare }: DatabaseSettings, address: DatabaseAddress): string[] {
  const { foreign } = address
  const warnings: string[] = []
  const tls = readTlsMode(url, ca)
  const isPlain = tls === 'none' || tls === 'if-offered'
  if (isPlain && !isLocalDatabase(address)) {
    warnings.push('DATABASE_URL: no TLS to a remote host; add ?sslmode=verify-full')
  }
  if (foreign.length > 0) {
    const isPooled = foreign.includes('pgbouncer') && prepare
    const advice = isPooled ? '; behind a transaction pooler set DATABASE_PREPARE=false' : ''
    warnings.push(
      `DATABASE_URL: Rekey leaves out parameters that it does not use: ${foreign.join(', ')}${advice}`,
    )
  }
  return warnings
}
