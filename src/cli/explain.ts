// `rekey explain [--json] <address, login or id>`: says what would come of a link request now, and why.

import type { Config } from '../config/config.ts'
import { isUsableHash } from '../core/usable-hash.ts'
import { reasonAgainst } from '../flows/eligibility.ts'
import { requestReset } from '../flows/request-reset.ts'
import type { Hasher, IgnoredReason, MailOrder } from '../ports.ts'
import { assembleFormats } from '../service/assemble-hasher.ts'
import { type Explanation, printExplanation } from './explain/print-explanation.ts'
import type { Asked } from './read-arguments.ts'
import { atSupportDesk, composeMail, type FoundAccount, type SupportDesk } from './support-desk.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/** @returns 0 when a mail would go out, 1 when not, 78 for faults */
export function explain(
  terminal: Terminal,
  { argument, options }: Asked,
  clock = Date.now,
): Promise<ExitStatus> {
  return atSupportDesk(terminal, async (desk) => {
    const found = await desk.find(argument)
    const explanation = await rehearse(desk, found, clock())
    if (options.has('json')) terminal.out(JSON.stringify(explanation, undefined, 2))
    else printExplanation(terminal, explanation)
    return explanation.accounts.some(({ mail }) => mail !== null) ? 0 : 1
  })
}

/** Goes the way of a request, up to the mail that would be sent. */
async function rehearse(
  desk: SupportDesk,
  found: readonly FoundAccount[],
  now: number,
): Promise<Explanation> {
  const { config, composer } = desk
  const { links, mail } = config
  const orders = new Map<string, MailOrder>()
  await requestReset(
    {
      accounts: { ...composer.accounts, find: async () => [found.map(({ account }) => account)] },
      hasher: composer.hasher,
      mailLine: { add: (order) => orders.set(order.accountId, order) },
      events: { record: () => {} },
      linkRules: links.rules,
      nameClient: () => '',
      sendsNoPasswordNotice: mail.sendsNoPasswordNotice,
    },
    [{ identifier: { text: '', kind: 'login' }, receivedAt: now, client: '' }],
  )
  const nameFormats = formatNamer(config, composer.hasher)
  const accounts: Explanation['accounts'][number][] = []
  for (const { account, foundBy } of found) {
    const order = orders.get(account.id)
    const composed = order
      ? await composeMail(composer, order, now)
      : (reasonAgainst(account, composer.hasher) ?? 'no_account')
    const reason: IgnoredReason | null = typeof composed === 'string' ? composed : null
    accounts.push({
      id: account.id,
      foundBy,
      address: account.emailAddress,
      mail: reason ? null : (order?.kind ?? null),
      reason,
      locale: account.locale ?? null,
      language: composer.templates.languageFor(account.locale ?? ''),
      ...nameFormats(account.passwordHash),
    })
  }
  return {
    accounts,
    columns: { address: config.users.emailAddress, logins: config.users.loginColumns },
    transports: mail.transports.map(({ name }) => name),
    link: { ttlSeconds: links.rules.ttlSeconds, bucketSeconds: links.rules.bucketSeconds },
    ratePerAccount: mail.ratePerAccount,
    dailyBudget: mail.dailyBudget ?? null,
  }
}

/** Names the format of a stored hash, and of the one that a reset would write in its place. */
function formatNamer(config: Config, hasher: Hasher) {
  const { formats, named } = assembleFormats(config)
  return (hash: string | null) => {
    const own = formats.find((format) => hash !== null && format.recognise(hash))?.name
    const written = named?.name ?? own
    return {
      hashFormat: own ?? (isUsableHash(hash) ? 'unknown' : 'none'),
      newHashFormat: (hasher.canReplace(hash) && written) || null,
    }
  }
}
