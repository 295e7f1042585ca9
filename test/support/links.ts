// Links as the service makes them, and some that only look so.

import { deriveKeys, generateSecret } from '../../src/core/key-ring.ts'
import { type AccountFacts, sealLink } from '../../src/core/link.ts'
import { formatToken } from '../../src/core/token.ts'
import { confide } from './discretion.ts'
import type { ReceivedMail } from './resend-rules.ts'
import type { ResendStandIn } from './resend-stand-in.ts'
import { seconds } from './seconds.ts'
import type { StoredUser } from './users.ts'

/** The three values of a link, under the names that a body has for them. */
export interface LinkValues {
  readonly user_id: string
  readonly timestamp: string
  readonly signature: string
}

export const linkSecret = confide(generateSecret())
const linkRules = { audience: 'https://app.example', ttlSeconds: 3600, bucketSeconds: 60 }

/** What the service would mail at another time. The key is known here; clocks are left alone. */
export function sealedLink(
  user: StoredUser,
  timestamp: number | string = seconds(),
  facts: Partial<AccountFacts> = {},
): LinkValues {
  const account = {
    emailAddress: user.email,
    passwordHash: user.passwordHash,
    lastLogin: undefined,
    ...facts,
  }
  const rules = { ...linkRules, notBefore: 0, opensFirstPasswords: true }
  const at = String(timestamp)
  const signature = sealLink(deriveKeys(linkSecret), rules, user.id, at, account)
  return { user_id: user.id, timestamp: at, signature: confide(signature) }
}

export function tokenOf({ user_id, timestamp, signature }: LinkValues): string {
  return formatToken({ userId: user_id, timestamp, signature })
}

/** A link that looks right and was not made with the service's key. */
export function forgedLink(userId = '6a0e2c0e-8f5b-4f0e-9d5c-0d5a7f0f9a11'): LinkValues {
  const timestamp = String(seconds())
  return { user_id: userId, timestamp, signature: Buffer.alloc(32, 7).toString('base64url') }
}

/** @returns The mails to an address that bring a link, oldest first. */
export function linkMailsTo(resend: ResendStandIn, address: string): readonly ReceivedMail[] {
  return resend.mails.filter((mail) => mail.to[0] === address && isLinkMail(mail))
}

/** @returns Whether a mail brings a link. */
export function isLinkMail({ text }: ReceivedMail): boolean {
  return text?.includes('signature=') ?? false
}
