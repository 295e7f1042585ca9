// A service, an account and a moment that the tests of links share.

import { deriveKeys, type KeyRing, type SecretKeys } from '../../src/core/key-ring.ts'
import {
  type AccountFacts,
  type Link,
  type LinkRules,
  openLink,
  sealLink,
  sealsAccount,
} from '../../src/core/link.ts'
import { RekeyError } from '../../src/errors.ts'

export const SECRET = 'rk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
export const OTHER_SECRET = 'rk1___79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA'
export const keys = deriveKeys(SECRET)
export const otherKeys = deriveKeys(OTHER_SECRET)

/** Unix seconds, at the beginning of a bucket. */
export const SEALED_AT = 1_769_860_800
export const USER_ID = '7d2f0c1e-5b7a-4c3d-9e8f-0a1b2c3d4e5f'

export const rules: LinkRules = {
  audience: 'https://app.example',
  ttlSeconds: 3600,
  bucketSeconds: 60,
  notBefore: 0,
  opensFirstPasswords: false,
}

export const facts: AccountFacts = {
  emailAddress: 'ann@example.com',
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$aGFzaGhhc2hoYXNo',
  lastLogin: undefined,
}

interface Sealing {
  readonly keys?: SecretKeys
  readonly rules?: Partial<LinkRules>
  readonly userId?: string
  readonly timestamp?: string
  readonly facts?: Partial<AccountFacts>
}

export function sealed(sealing: Sealing = {}): Link {
  const { userId = USER_ID, timestamp = String(SEALED_AT) } = sealing
  const signature = sealLink(
    sealing.keys ?? keys,
    { ...rules, ...sealing.rules },
    userId,
    timestamp,
    { ...facts, ...sealing.facts },
  )
  return { userId, timestamp, signature }
}

interface Judging {
  readonly ring?: KeyRing
  readonly rules?: Partial<LinkRules>
  readonly facts?: Partial<AccountFacts>
  /** Unix seconds. */
  readonly at?: number
}

/** Opens a link and compares it with its account: `ok`, `inner_mismatch`, or an error's code. */
export function judge(link: Link, judging: Judging = {}): string {
  const { ring = [keys], at = SEALED_AT } = judging
  const judgedBy = { ...rules, ...judging.rules }
  try {
    const genuine = openLink(ring, judgedBy, link, at * 1000)
    return sealsAccount(genuine, judgedBy, { ...facts, ...judging.facts }) ? 'ok' : 'inner_mismatch'
  } catch (error) {
    if (error instanceof RekeyError) return error.code
    throw error
  }
}
