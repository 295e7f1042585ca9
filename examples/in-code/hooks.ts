// What happens around a reset: no password that leaked elsewhere, and no session that outlives the old one.

import { createHash } from 'node:crypto'
import type { RekeyOptions } from 'rekey'

/** @param rangeUrl an API as that of Have I Been Pwned: five letters go there, and suffixes come back */
export function refuseLeaked(rangeUrl: string): NonNullable<RekeyOptions['beforeReset']> {
  return async (_write, password) => {
    const digest = createHash('sha1').update(password).digest('hex').toUpperCase()
    const signal = AbortSignal.timeout(3000)
    const reply = await fetch(`${rangeUrl}/${digest.slice(0, 5)}`, { signal })
    // Whether resets go on while that service is away is for you to decide. Thrown, it would be 503.
    if (!reply.ok) return undefined
    const isLeaked = (await reply.text()).includes(digest.slice(5))
    return isLeaked ? 'This password has been in a data leak. Choose another one.' : undefined
  }
}

/** @param sessions the account that each is for, by their tokens */
export function endSessions(
  sessions: Map<string, string>,
): NonNullable<RekeyOptions['afterReset']> {
  return ({ accountId }) => {
    for (const [token, owner] of sessions) if (owner === accountId) sessions.delete(token)
  }
}
