// Composes ordered mails from the accounts as they are at this moment; the notice of a change goes to the
// address of the moment of the change.

import { isMailbox } from '../core/email-address.ts'
import type { KeyRing } from '../core/key-ring.ts'
import { isTooOld, type LinkRules, sealLink } from '../core/link.ts'
import type { LinkUrl } from '../core/link-url.ts'
import { macFields } from '../core/message.ts'
import type {
  Account,
  Accounts,
  Events,
  Hasher,
  IgnoredReason,
  MailMessage,
  MailOrder,
  NoticeOrder,
  OutgoingMail,
  RenderedMail,
  RequestedMailOrder,
  Templates,
} from '../ports.ts'
import type { AddressCap } from './address-cap.ts'
import { reasonAgainst } from './eligibility.ts'

export interface ComposeMailsDeps {
  readonly accounts: Accounts
  readonly hasher: Hasher
  readonly keyRing: KeyRing
  readonly linkRules: LinkRules
  readonly linkUrl: LinkUrl
  readonly requestPageUrl: string
  readonly from: string
  readonly replyTo: string | undefined
  readonly templates: Templates
  readonly addressCap: AddressCap
  readonly events: Events
}

/**
 * Composes the mails of many orders at once. It does not send them.
 *
 * @param now unix milliseconds
 * @returns for each order its mail, or undefined when none is to be sent
 * @throws RekeyError `unavailable` when the accounts cannot be read
 */
export async function composeMails(
  deps: ComposeMailsDeps,
  orders: readonly MailOrder[],
  now: number,
): Promise<(OutgoingMail | undefined)[]> {
  const accounts = await deps.accounts.read([...new Set(orders.map((order) => order.accountId))])
  const byId = new Map(accounts.map((account) => [account.id, account]))
  return orders.map((order) => {
    const mail = compose(deps, order, byId.get(order.accountId), now)
    if (typeof mail !== 'string') return mail
    deps.events.record({ type: 'password_reset.ignored', reason: mail })
    return undefined
  })
}

/** @param account undefined where the row is gone */
function compose(
  deps: ComposeMailsDeps,
  order: MailOrder,
  account: Account | undefined,
  now: number,
): OutgoingMail | IgnoredReason {
  const to = order.kind === 'password-changed' ? order.emailAddress : account?.emailAddress
  if (to === undefined) return 'no_account'
  const composed = composeMessage(deps, order, account, now)
  if (typeof composed === 'string') return composed
  const rendered = render(deps.templates, composed, account?.locale ?? '')
  if (!rendered) return 'cannot_be_rendered'
  const { subject, text, html } = rendered
  const { from, replyTo } = deps
  // Over all that the provider is given, so that a retry is the same mail and no other one is; and
  // over the time, because two notices within a minute read the same.
  const envelope = [order.kind, order.timestamp, from, replyTo ?? '', to]
  const fields = [...envelope, subject, text, html]
  const name = (purpose: string, ...more: readonly string[]) =>
    macFields(deps.keyRing[0].idempotency, [purpose, ...fields, ...more]).toString('base64url')
  const headers = describeMail(name('rekey-mail-reference-v1'))
  const idempotencyKey = name('rekey-mail-v3', ...Object.entries(headers).flat())
  return {
    from,
    to,
    replyTo,
    ...rendered,
    headers,
    accountId: order.accountId,
    message: composed,
    idempotencyKey,
  }
}

function composeMessage(
  deps: ComposeMailsDeps,
  order: MailOrder,
  account: Account | undefined,
  now: number,
): MailMessage | IgnoredReason {
  if (order.kind === 'password-changed') return changeMessage(deps, order, account)
  return account ? messageMakers[order.kind](deps, order, account, now) : 'no_account'
}

/** @param reference the same for the same mail, and for no other */
function describeMail(reference: string): OutgoingMail['headers'] {
  return {
    // RFC 3834: no out-of-office note comes back.
    'Auto-Submitted': 'auto-generated',
    // Gmail folds mails of one subject into a conversation, where the newest link is hard to find, unless
    // this differs.
    'X-Entity-Ref-ID': reference,
  }
}

/** @returns undefined where a template fails, which is no reason to withhold the other mails */
function render(
  templates: Templates,
  message: MailMessage,
  locale: string,
): RenderedMail | undefined {
  try {
    return templates.render(message, locale)
  } catch {
    return undefined
  }
}

type MessageMaker = (
  deps: ComposeMailsDeps,
  order: RequestedMailOrder,
  account: Account,
  now: number,
) => MailMessage | IgnoredReason

const linkMessage: MessageMaker = (deps, order, account, now) => {
  const reason = reasonAgainst(account, deps.hasher) ?? reasonToHold(deps, order, account, now)
  if (reason) return reason
  const { timestamp } = order
  const link = deps.linkUrl({
    userId: account.id,
    timestamp,
    signature: seal(deps, account, timestamp),
  })
  return { kind: 'reset-link', link, ttlSeconds: deps.linkRules.ttlSeconds, name: account.name }
}

/** Goes out whatever has become of the account since: its owner has to hear of it. */
function changeMessage(
  { requestPageUrl }: ComposeMailsDeps,
  { timestamp, emailAddress }: NoticeOrder,
  account: Account | undefined,
): MailMessage | IgnoredReason {
  if (!isMailbox(emailAddress)) return 'no_mailbox'
  const changedAt = new Date(Number(timestamp) * 1000)
  return { kind: 'password-changed', changedAt, requestPageUrl, name: account?.name }
}

const noPasswordMessage: MessageMaker = (deps, order, account, now) => {
  const reason = reasonAgainst(account, deps.hasher)
  if (reason !== 'no_usable_password') return reason ?? 'has_password_now'
  if (!isMailbox(account.emailAddress)) return 'no_mailbox'
  return reasonToHold(deps, order, account, now) ?? { kind: 'no-password', name: account.name }
}

/** Says why what anybody can ask for goes out no more; counts it where it does. */
function reasonToHold(
  deps: ComposeMailsDeps,
  order: RequestedMailOrder,
  account: Account,
  now: number,
): IgnoredReason | undefined {
  if (isTooOld(order.timestamp, deps.linkRules, now)) return 'too_late'
  // The notice of having no password counts as a link would that dies with that.
  const sealAt = (timestamp: string) => seal(deps, account, timestamp)
  const shown = [account.name ?? '', account.locale ?? '']
  const isAdmitted = deps.addressCap.admit(order, account.emailAddress, sealAt, shown, now)
  return isAdmitted ? undefined : 'capped'
}

function seal(deps: ComposeMailsDeps, account: Account, timestamp: string): string {
  return sealLink(deps.keyRing[0], deps.linkRules, account.id, timestamp, account)
}

const messageMakers: Readonly<Record<RequestedMailOrder['kind'], MessageMaker>> = {
  'reset-link': linkMessage,
  'no-password': noPasswordMessage,
}
