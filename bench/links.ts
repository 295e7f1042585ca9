// Links for the users of the benchmarks, sealed with the secret that Rekey runs with.

import { deriveKeys } from '../src/core/key-ring.ts'
import { type LinkRules, linkTimestamp, sealLink } from '../src/core/link.ts'
import { RESET_PAGE_ORIGIN } from './scene.ts'
import type { User } from './users.ts'

/** A body that sets a user's password. */
export interface ResetBody {
  readonly user_id: string
  readonly timestamp: string
  readonly signature: string
  readonly password: string
}

// Rekey's defaults.
const rules: LinkRules = {
  audience: RESET_PAGE_ORIGIN,
  ttlSeconds: 3600,
  bucketSeconds: 60,
  notBefore: 0,
  opensFirstPasswords: false,
}

/** Seals a link for each user, and gives each a new password of their own. */
export function sealResets(secret: string, users: readonly User[]): ResetBody[] {
  const keys = deriveKeys(secret)
  const timestamp = linkTimestamp(Date.now(), rules)
  return users.map(({ id, email, passwordHash }) => {
    const facts = { emailAddress: email, passwordHash, lastLogin: undefined }
    const signature = sealLink(keys, rules, id, timestamp, facts)
    return { user_id: id, timestamp, signature, password: `Kestrel ${id.slice(0, 13)}` }
  })
}
