// Takes the connection string of a PostgreSQL apart, as libpq writes it: several hosts, their ports, and
// parameters behind a question mark.

import { isIPv6 } from 'node:net'
import { classifyParameter } from './database-parameters.ts'

/** Where one server listens. What is undefined is for the driver to fill in. */
export interface DatabaseHost {
  /** A name, an address without brackets, or the directory of a Unix socket. */
  readonly host: string | undefined
  readonly port: number | undefined
}

/** What a connection string says. */
export interface DatabaseAddress {
  /** In the order in which they are tried; one at the least. */
  readonly hosts: readonly DatabaseHost[]
  readonly user: string | undefined
  readonly password: string | undefined
  readonly database: string | undefined
  /** Whether a server that can only be read is left for the next one. */
  readonly needsWritable: boolean
  readonly connectSeconds: number | undefined
  /** Run-time settings for the server. */
  readonly settings: Readonly<Record<string, string>>
  /** The names of parameters that belong to other drivers, and do nothing. */
  readonly foreign: readonly string[]
}

/** The longest that a statement may take which a request waits for. */
export const MOST_STATEMENT_MS = 4000

const EXAMPLE = 'must be a URL such as postgres://user:password@host:5432/database'
const OTHER_SCHEME = /^(?:jdbc:|r2dbc:)?(?:postgres(?:ql)?(?:\+\w+)?|postgis|pgsql|psql|pgx5?):/i
// At most one @, before the hosts, and one / behind them.
const FORM = /^(?:([^@/?#]*)@)?([^@/?#]*)(?:\/([^@/?#]*))?(?:\?[^@#]*)?$/
const HOST = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::(\d{1,5}))?$/
const SSL_MODES = ['', 'disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full']
const DURATION = /^\s*(\d+)\s*(us|ms|s|min|h|d)?\s*$/
const MS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000 }

/**
 * Reads a connection string.
 *
 * @throws TypeError with what it must be, never with a value of it
 */
export function parseDatabaseUrl(text: string): DatabaseAddress {
  const [, rest] = /^postgres(?:ql)?:\/\/(.*)$/is.exec(text) ?? []
  if (rest === undefined) {
    throw new TypeError(
      OTHER_SCHEME.test(text)
        ? 'is written for another driver: begin it with postgres:// instead'
        : EXAMPLE,
    )
  }
  const match = FORM.exec(rest)
  // Else a part of the password would be taken for the host or the database, and then be logged.
  if (!match) {
    throw new TypeError(
      'must have the password percent-encoded: @ as %40, / as %2F, ? as %3F, # as %23',
    )
  }
  const [, credentials = '', authority = '', path = ''] = match
  const parameters = readParameters(text)
  const foreign = judgeNames(parameters.keys())
  const named = (name: string) => parameters.get(name) || undefined
  const [user = '', ...password] = credentials.split(':')
  const given = {
    user: decode(user) || named('user'),
    password: decode(password.join(':')) || named('password'),
    database: decode(path) || named('dbname'),
  }
  return {
    ...given,
    hosts: parseHosts(authority, named('host'), named('port')),
    needsWritable: judgeTarget(named('target_session_attrs')),
    connectSeconds: parseSeconds(named('connect_timeout')),
    settings: readSettings(parameters),
    foreign: isOverlong(parameters) ? [...foreign, 'statement_timeout'] : foreign,
  }
}

/** The parameters of a connection string. Of a name that comes twice the last counts. */
export function readParameters(text: string): ReadonlyMap<string, string> {
  return new Map(new URLSearchParams(/\?([^#]*)/.exec(text)?.[1] ?? ''))
}

/** @returns the names that belong to other drivers */
function judgeNames(names: Iterable<string>): string[] {
  const foreign: string[] = []
  for (const name of names) {
    const kind = classifyParameter(name)
    const shown = /^[\w.-]{1,64}$/.test(name) ? name : 'a parameter'
    if (kind === 'foreign') foreign.push(name)
    if (kind === 'libpq') {
      throw new TypeError(
        `has ${shown}, which only libpq knows: leave it out; a CA goes in DATABASE_CA`,
      )
    }
    if (kind === 'unknown') {
      throw new TypeError(
        `has ${shown}, which Rekey does not know: leave it out; a setting of the server's goes in options=-c%20name%3Dvalue`,
      )
    }
  }
  return foreign
}

function parseHosts(authority: string, host = '', port = ''): DatabaseHost[] {
  const ports = port.split(',')
  const hosts = (authority || host).split(',').map((entry, index): DatabaseHost => {
    const text = decode(entry)
    if (text.startsWith('/')) return { host: text, port: parsePort(ports[index] ?? ports[0]) }
    const [, bracketed, name = bracketed, ownPort] = HOST.exec(text) ?? [undefined, '', '']
    const isAddress = bracketed === undefined || isIPv6(bracketed)
    // A name without a character that would end it somewhere, in one parser or another.
    if (!HOST.test(text) || !isAddress || /[\s\p{Cc}<>\\^|%"]/u.test(text)) {
      throw new TypeError(EXAMPLE)
    }
    return { host: name || undefined, port: parsePort(ownPort ?? ports[index] ?? ports[0]) }
  })
  if (hosts.length > 1 && hosts.some((entry) => entry.host === undefined)) {
    throw new TypeError('has an empty host between commas')
  }
  return hosts
}

function parsePort(text: string | undefined): number | undefined {
  if (!text) return undefined
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port < 1 || port > 65_535) throw new TypeError('must have a port from 1 to 65535')
  return port
}

function judgeTarget(target = 'read-write'): boolean {
  if (!['read-write', 'primary', 'any'].includes(target)) {
    throw new TypeError(
      'must have target_session_attrs=read-write, primary or any: a reset writes to the database',
    )
  }
  return target !== 'any'
}

function parseSeconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const seconds = /^\d{1,2}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > 60) {
    throw new TypeError('must have connect_timeout in whole seconds, 1 to 60')
  }
  return seconds
}

function readSettings(parameters: ReadonlyMap<string, string>): Record<string, string> {
  const { sslmode, ssl } = Object.fromEntries(parameters)
  if (!SSL_MODES.includes(sslmode ?? '')) {
    throw new TypeError(`must have sslmode as one of ${SSL_MODES.slice(1).join(', ')}`)
  }
  if (!['true', '1', 'false', '0', ...SSL_MODES].includes(ssl ?? '')) {
    throw new TypeError('must have ssl as true or false')
  }
  const settings = [...parameters].filter(([name]) => classifyParameter(name) === 'server')
  // Prisma's names one schema, as the catalogue spells it; JDBC's and Rails' are a search path already.
  const schema = parameters.get('schema')
  const path = schema
    ? `"${schema.replaceAll('"', '""')}"`
    : (parameters.get('currentSchema') ?? parameters.get('schema_search_path'))
  const timeout = parameters.get('statement_timeout')
  return {
    ...(path && { search_path: path }),
    ...Object.fromEntries(settings),
    ...(timeout && !isOverlong(parameters) && { statement_timeout: timeout }),
  }
}

/** Whether a statement might take longer than the request that waits for it. */
function isOverlong(parameters: ReadonlyMap<string, string>): boolean {
  const text = parameters.get('statement_timeout')
  if (!text) return false
  const [, count, unit = 'ms'] = DURATION.exec(text) ?? []
  const ms = Number(count) * (MS[unit] ?? Number.POSITIVE_INFINITY)
  return !(ms >= 1 && ms <= MOST_STATEMENT_MS)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new TypeError('must have a % in a name or password written as %25')
  }
}
