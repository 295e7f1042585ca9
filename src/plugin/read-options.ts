// Judges what an application registers Rekey with, as the service judges its environment.

import type { Config } from '../config/config.ts'
import { EnvironmentSchema } from '../config/environment.ts'
import { readConfig, readContentConfig } from '../config/read-config.ts'
import { attempt, faultsOf } from '../service/attempt.ts'
import type { Content } from '../service/load-content.ts'
import { loadContent, loadMailTemplates } from '../service/load-content.ts'
import type { RekeyLimits, RekeyOptions } from './options.ts'

/** What the options come to. */
export interface PluginSettings {
  readonly config: Config
  readonly content: Content
  readonly warnings: readonly string[]
}

interface Replacement {
  readonly part: string
  readonly isGiven: (options: RekeyOptions) => boolean
  /** The variables that count no more. */
  readonly variables: RegExp
}

const replacements: readonly Replacement[] = [
  {
    part: 'accounts',
    isGiven: ({ accounts }) => Boolean(accounts),
    variables: /^(?:DATABASE_.*|USERS_.*|AFTER_RESET_SQL|ALLOW_SEQ_SCAN)$/,
  },
  {
    part: 'transport',
    isGiven: ({ transport }) => Boolean(transport),
    variables: /^(?:MAIL_TRANSPORT|RESEND_.*|SMTP_URL)$/,
  },
  {
    part: 'hasher',
    isGiven: ({ hasher }) => Boolean(hasher),
    variables: /^PASSWORD_(?:HASH|PEPPER)$/,
  },
  {
    part: 'limits.requests',
    isGiven: ({ limits }) => Boolean(limits?.requests),
    variables: /^RATE_LIMIT_REQUESTS$/,
  },
  {
    part: 'limits.confirms',
    isGiven: ({ limits }) => Boolean(limits?.confirms),
    variables: /^RATE_LIMIT_CONFIRMS$/,
  },
]

/** The application may well have these for itself. */
const SHARED = /^(?:DATABASE_.*|RESEND_.*|SMTP_URL)$/
/** These are about the process, which is the application's. */
const OF_THE_PROCESS = /^(?:HOST|PORT|LOG_LEVEL)$/
const names = Object.keys(EnvironmentSchema.properties)

/** Beside those of Fastify's own `register`. */
const knownOptions: Readonly<Record<keyof RekeyOptions, true>> = {
  env: true,
  accounts: true,
  transport: true,
  hasher: true,
  limits: true,
  beforeReset: true,
  afterReset: true,
}
const knownLimits: Readonly<Record<keyof RekeyLimits, true>> = {
  requests: true,
  confirms: true,
  wrongOldPasswords: true,
  changes: true,
}
const OF_FASTIFY = ['prefix', 'logLevel', 'logSerializers']

/**
 * Reads the options, and the files that they name.
 *
 * @throws AggregateError with every fault, each an Error that names its variable, part or file
 */
export function readOptions(options: RekeyOptions): PluginSettings {
  const misplaced = findMisplaced(options)
  if (misplaced.length > 0) throw refuseOptions(misplaced)
  const env = withoutThoseOfTheProcess(options.env)
  const replaced = replacements.filter(({ isGiven }) => isGiven(options))
  const isNeeded = (name: string) => !replaced.some(({ variables }) => variables.test(name))
  const idle = names
    .filter((name) => (env[name] || env[`${name}_FILE`]) && !SHARED.test(name))
    .flatMap((name) => {
      const by = replaced.find(({ variables }) => variables.test(name))
      return by ? [`${name}: has no effect beside \`${by.part}\``] : []
    })
  // It would have a page of its own, for whoever can reach the application.
  const isOutbox = isNeeded('MAIL_TRANSPORT') && env['MAIL_TRANSPORT'] === 'outbox'
  if (isOutbox) idle.push('MAIL_TRANSPORT: outbox is for the service alone; give a `transport`')
  const isJudged = (name: string) => isNeeded(name) && !(isOutbox && name === 'MAIL_TRANSPORT')
  const reading = readConfig(env, isJudged)
  if ('faults' in reading) {
    const templates = attempt(() => loadMailTemplates(readContentConfig(env)))
    throw refuseOptions([...reading.faults, ...idle, ...faultsOf(templates)])
  }
  const { config, warnings } = reading
  const content = attempt(() => loadContent(config))
  if ('faults' in content || idle.length > 0) throw refuseOptions([...idle, ...faultsOf(content)])
  return { config, content: content.made, warnings }
}

/** Says what is wrong with a registration, all at once. */
export function refuseOptions(faults: readonly string[]): AggregateError {
  const lines = faults.map((fault) => `\n  ${fault}`).join('')
  const message = `Rekey cannot be registered like this:${lines}`
  return new AggregateError(
    faults.map((fault) => new Error(fault)),
    message,
  )
}

/** What is misspelled would be missed: a hook that never runs. */
function findMisplaced(options: RekeyOptions): string[] {
  const allowed = [...Object.keys(knownOptions), ...OF_FASTIFY]
  const others = Object.keys(options).filter((name) => !allowed.includes(name))
  const otherLimits = Object.keys(options.limits ?? {}).filter((name) => !(name in knownLimits))
  const unknown = [...others, ...otherLimits.map((name) => `limits.${name}`)]
  return [
    ...(options.env ? [] : ['env: is required: the variables, as a process has them']),
    ...unknown.map((name) => `${name}: is no option of Rekey`),
  ]
}

function withoutThoseOfTheProcess(env: RekeyOptions['env']): RekeyOptions['env'] {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !OF_THE_PROCESS.test(name.replace(/_FILE$/, ''))),
  )
}
