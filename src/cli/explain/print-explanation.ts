// What `rekey explain` has found out, in lines for people.

import type { Config } from '../../config/config.ts'
import type { IgnoredReason, MailOrder } from '../../ports.ts'
import { ignoredReasons } from '../ignored-reasons.ts'
import { showText } from '../show-text.ts'
import type { Terminal } from '../terminal.ts'

/** As `--json` prints it. Nothing secret in it, but what stands in the rows. */
export interface Explanation {
  /** In the order in which they would be mailed; at most five. */
  readonly accounts: readonly {
    readonly id: string
    /** A column. */
    readonly foundBy: string
    readonly address: string
    /** What would be mailed; null for nothing. */
    readonly mail: MailOrder['kind'] | null
    readonly reason: IgnoredReason | null
    /** As the row spells it. */
    readonly locale: string | null
    /** What mails to the account are in. */
    readonly language: string
    /** `none` for no usable hash, `unknown` for one that Rekey cannot verify. */
    readonly hashFormat: string
    /** What a reset would write; null where it would write nothing. */
    readonly newHashFormat: string | null
  }[]
  /** What a request is held against: the address first, then each login. */
  readonly columns: { readonly address: string; readonly logins: readonly string[] }
  readonly transports: readonly string[]
  readonly link: { readonly ttlSeconds: number; readonly bucketSeconds: number }
  /** The rule; what has been counted, only the service knows. */
  readonly ratePerAccount: Config['mail']['ratePerAccount']
  readonly dailyBudget: number | null
}

export function printExplanation(terminal: Terminal, explanation: Explanation): void {
  const { accounts, columns, transports, link, ratePerAccount, dailyBudget } = explanation
  const say = (name: string, text: string) => terminal.out(`${name.padEnd(12)}${text}`)
  const logins = columns.logins.length > 0 ? `, then ${columns.logins.join(', ')}` : ''
  if (accounts.length === 0) {
    terminal.out('no mail: there is no such account')
    say('  looked in', `${columns.address}${logins}`)
  }
  for (const account of accounts) {
    const { foundBy, hashFormat, newHashFormat, locale, mail, reason } = account
    terminal.out(`account ${showText(account.id)}`)
    say('  found by', foundBy + noteOn(foundBy, columns))
    say('  address', showText(account.address))
    say(
      '  outcome',
      mail ? `${mail} would be mailed` : `no mail: ${reason && ignoredReasons[reason]}`,
    )
    say(
      '  language',
      `${account.language}, for ${locale === null ? 'no locale' : showText(locale)}`,
    )
    const writes = newHashFormat ? `; a reset writes ${newHashFormat}` : ''
    say('  password', `${hashFormat}${writes}`)
  }
  say('transports', transports.join(', then '))
  say(
    'link',
    `works for ${link.ttlSeconds} seconds; requests within ${link.bucketSeconds} seconds mail the same one`,
  )
  say(
    'limits',
    `${ratePerAccount.limit} mails to an address in ${ratePerAccount.seconds} seconds, while a link in one of them works`,
  )
  say('', 'after 10 within 24 hours, one an hour')
  if (dailyBudget !== null) say('', `${dailyBudget} mails a day`)
  say('', 'The service counts in its memory, where this command cannot look: "capped" in its log')
  say('', 'says when a limit held a mail back.')
}

function noteOn(foundBy: string, { address, logins }: Explanation['columns']): string {
  if (foundBy === address) return ''
  return logins.includes(foundBy)
    ? ': by a request with "login", not by one with "email"'
    : ': requests name it by its address'
}
