// What the commands for support staff stand on: the accounts as the service finds them, and the mails
// that it would make of them.

import { userInfo } from 'node:os'
import type { FastifyBaseLogger } from 'fastify'
import { type Database, openDatabase } from '../accounts/database.ts'
import { explainFailureInLine } from '../accounts/explain-failure.ts'
import { isIdText } from '../accounts/id-text.ts'
import { inspectAtStart } from '../accounts/inspect-accounts.ts'
import { nameInWords } from '../accounts/mapping.ts'
import { createPostgresAccounts } from '../accounts/postgres-accounts.ts'
import { searchAllRows } from '../accounts/search.ts'
import type { Config } from '../config/config.ts'
import { readConfig } from '../config/read-config.ts'
import { foldAddress } from '../core/email-address.ts'
import { describeFinding } from '../core/finding.ts'
import { waitWithin } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import { type ComposeMailsDeps, composeMails } from '../flows/compose-mails.ts'
import type { Account, Events, IgnoredReason, MailOrder, OutgoingMail } from '../ports.ts'
import { assembleEvents } from '../service/assemble-events.ts'
import { assembleHasher } from '../service/assemble-hasher.ts'
import { assembleComposer } from '../service/assemble-mail.ts'
import { attempt } from '../service/attempt.ts'
import { createLogger } from '../service/create-logger.ts'
import { loadMailTemplates } from '../service/load-content.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/** An account, and the column by which it was found. */
export interface FoundAccount {
  readonly account: Account
  readonly foundBy: string
}

export interface SupportDesk {
  readonly config: Config
  readonly composer: ComposeMailsDeps
  /** Writes to standard error, and says on each line who works here. */
  readonly logger: FastifyBaseLogger
  readonly events: Events
  /**
   * Finds accounts as the service would: by address, else by a login column, at most five. What has
   * an `@` is tried as an id after that, anything else before, in the spelling of the table.
   *
   * @throws RekeyError `unavailable`
   */
  find(text: string): Promise<readonly FoundAccount[]>
}

/**
 * Opens the desk for some work, and closes it afterwards.
 *
 * @param unanswered what it ends with when the database has no answer
 * @returns what the work ends with, `unanswered`, or 78 for faults
 */
export async function atSupportDesk(
  terminal: Terminal,
  work: (desk: SupportDesk) => Promise<ExitStatus>,
  unanswered: ExitStatus = 1,
): Promise<ExitStatus> {
  const reading = readConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) return reportFaults(terminal, reading.faults)
  const { config } = reading
  const templates = attempt(() => loadMailTemplates(config))
  if ('faults' in templates) return reportFaults(terminal, templates.faults)

  const { logLevel, shutdownGraceSeconds } = config.process
  const stream = { write: (text: string) => terminal.err(text.trimEnd()) }
  const logger = createLogger(logLevel, stream).child({ operator: nameOperator() })
  const { events, webhookLine } = assembleEvents(config, Date.now, logger)
  let database: Database | undefined
  try {
    database = openDatabase(config.database)
    const { db, read } = database
    await database.findServer()
    const { facts, findings } = await inspectAtStart(db, config.users)
    if (!facts) {
      const faults = findings.filter(({ status }) => status === 'fault')
      return reportFaults(terminal, faults.map(describeFinding))
    }
    // Finds accounts that are not eligible too, which the service need not do.
    const forAll = { ...facts, searches: searchAllRows(facts.searches) }
    const accounts = createPostgresAccounts(database, config.users, forAll, (code) =>
      terminal.err(`warning: an account is left out: its row cannot be read or judged (${code})`),
    )
    const hasher = assembleHasher(config)
    return await work({
      config,
      composer: assembleComposer(config, { accounts, hasher, templates: templates.made, events }),
      logger,
      events,
      async find(text) {
        const byId = async () => {
          if (!(await isIdText({ db, read }, facts.idType, text))) return []
          const [account] = await accounts.read([text])
          return account?.id === text ? [{ account, foundBy: config.users.id }] : []
        }
        const byName = async () => {
          const [found = []] = await accounts.find([{ text, kind: 'login' }])
          return found.map((account) => ({ account, foundBy: columnOf(account, text, config) }))
        }
        const [first, last] = text.includes('@') ? [byName, byId] : [byId, byName]
        const found = await first()
        return found.length > 0 ? found : last()
      },
    })
  } catch (error) {
    const reason = error instanceof RekeyError ? error.message : explainFailureInLine(error)
    terminal.err(`The accounts cannot be read: ${reason}`)
    return unanswered
  } finally {
    await database?.close()
    if (webhookLine) await waitWithin(webhookLine.drained(), shutdownGraceSeconds * 1000)
    const lost = webhookLine?.waiting() ?? 0
    if (lost > 0) logger.error({ lost }, 'ended before the webhook receiver took every event')
  }
}

/**
 * Composes one mail.
 *
 * @param now unix milliseconds
 * @returns it, or why there is none
 * @throws RekeyError `unavailable`
 */
export async function composeMail(
  composer: ComposeMailsDeps,
  order: MailOrder,
  now: number,
): Promise<OutgoingMail | IgnoredReason> {
  let reason: IgnoredReason = 'no_account'
  const events: Events = {
    record(event) {
      if (event.type === 'password_reset.ignored') reason = event.reason
    },
  }
  const [mail] = await composeMails({ ...composer, events }, [order], now)
  return mail ?? reason
}

function columnOf(account: Account, text: string, { users }: Config): string {
  if (foldAddress(account.emailAddress) === foldAddress(text)) return users.emailAddress
  const isLogin = (column: string) =>
    account.personal.some(({ label, value }) => label === nameInWords(column) && value === text)
  return users.loginColumns.find(isLogin) ?? users.loginColumns.join(', ')
}

/** The operating system's word for who runs this process. */
function nameOperator(): string {
  try {
    return userInfo().username
  } catch {
    // A container may run as a user that its system has no name for.
    return 'unknown'
  }
}
