// `rekey link [--print] <address, login or id>`: makes a reset link for support staff, and mails it to
// the account's stored address or prints it.

import { linkTimestamp } from '../core/link.ts'
import type { ChainOutcome } from '../mail/transports/chain.ts'
import type { MailOrder, Templates } from '../ports.ts'
import { assembleChain } from '../service/assemble-mail.ts'
import { ignoredReasons } from './ignored-reasons.ts'
import type { Asked } from './read-arguments.ts'
import { reportFaults } from './report-faults.ts'
import { showText } from './show-text.ts'
import { atSupportDesk, composeMail, type FoundAccount, type SupportDesk } from './support-desk.ts'
import { EXIT_TEMPFAIL, type ExitStatus, type Terminal } from './terminal.ts'

/** @returns 0 when it is mailed or printed, 1 when not, 75 when nobody knows, 78 for faults */
export function link(
  terminal: Terminal,
  { argument, options }: Asked,
  clock = Date.now,
): Promise<ExitStatus> {
  const isPrinted = options.has('print')
  return atSupportDesk(terminal, async (desk) => {
    const isKept = desk.config.mail.transports.some(({ name }) => name === 'outbox')
    if (isKept && !isPrinted) {
      const fault = 'MAIL_TRANSPORT: outbox shows only what the service itself mails; use --print'
      return reportFaults(terminal, [fault])
    }
    const found = await desk.find(argument)
    if (found.length === 0) {
      terminal.err('no link: there is no such account')
      return 1
    }
    return isPrinted ? print(terminal, desk, found, clock()) : mail(terminal, desk, found, clock())
  })
}

function orderFor({ account }: FoundAccount, { config }: SupportDesk, now: number): MailOrder {
  const timestamp = linkTimestamp(now, config.links.rules)
  return { kind: 'reset-link', accountId: account.id, timestamp }
}

/** A link alone, in the place of a mail. */
const bareLink: Pick<Templates, 'render'> = {
  render: (message) => ({
    subject: '',
    text: message.kind === 'reset-link' ? message.link : '',
    html: '',
  }),
}

async function print(
  terminal: Terminal,
  desk: SupportDesk,
  found: readonly FoundAccount[],
  now: number,
): Promise<ExitStatus> {
  const [first, ...others] = found
  if (!first || others.length > 0) {
    terminal.err('no link: several accounts match; name one by its id:')
    for (const { account } of found) terminal.err(`  ${showText(account.id)}`)
    return 1
  }
  const order = orderFor(first, desk, now)
  const templates = { ...desk.composer.templates, ...bareLink }
  const composed = await composeMail({ ...desk.composer, templates }, order, now)
  const { accountId } = order
  const who = `account ${showText(accountId)}`
  if (typeof composed === 'string') {
    terminal.err(`no link for ${who}: ${ignoredReasons[composed]}`)
    return 1
  }
  // Before the link is out: what was handed over is in the log, whatever comes next.
  desk.events.record({ type: 'password_reset.link_printed', accountId })
  terminal.out(composed.text)
  const { ttlSeconds } = desk.config.links.rules
  const until = new Date((Number(order.timestamp) + ttlSeconds) * 1000).toISOString()
  terminal.err(`Whoever has this link can set the password of ${who}, once, until ${until}.`)
  return 0
}

async function mail(
  terminal: Terminal,
  desk: SupportDesk,
  found: readonly FoundAccount[],
  now: number,
): Promise<ExitStatus> {
  const { chain } = assembleChain(desk.config, desk.logger)
  const statuses: ExitStatus[] = []
  for (const each of found) {
    const order = orderFor(each, desk, now)
    const composed = await composeMail(desk.composer, order, now)
    if (typeof composed === 'string') {
      const who = showText(order.accountId)
      terminal.err(`no link for account ${who}: ${ignoredReasons[composed]}`)
    } else {
      statuses.push(report(terminal, desk, order, await chain.send(composed)))
    }
  }
  chain.close()
  // Of several mails the least certain one counts.
  return statuses.length === 0 ? 1 : Math.max(...statuses)
}

function report(
  terminal: Terminal,
  { events }: SupportDesk,
  { accountId, kind }: MailOrder,
  outcome: ChainOutcome,
): ExitStatus {
  const who = `account ${showText(accountId)}`
  const reason = 'reason' in outcome ? outcome.reason : 'the transports are left alone for a while'
  switch (outcome.status) {
    case 'sent':
    case 'repeated':
      events.record({ type: 'password_reset.mailed', accountId, kind })
      terminal.out(`A link was mailed to ${who}.`)
      return 0
    case 'unknown':
      events.record({ type: 'password_reset.mail_unconfirmed', accountId, kind, reason })
      terminal.err(`Nobody knows whether a link was mailed to ${who}: ${reason}`)
      return EXIT_TEMPFAIL
    case 'refused':
    case 'unsent':
    case 'deferred':
      events.record({ type: 'password_reset.mail_failed', accountId, kind, reason })
      terminal.err(`no link for ${who}: the mail was not taken: ${reason}`)
      return 1
  }
}
