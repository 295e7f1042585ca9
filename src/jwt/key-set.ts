// The public keys of the host application: fetched when a JWT first needs one, kept for a while,
// fetched again for a key that is not among them.
//
// jose brings a remote key set of its own. It caps neither the reply nor the attempts after a failure,
// and its pause after every fetch would refuse the first JWTs of a new key.

import { messageOf, RekeyError } from '../errors.ts'
import { fetchKeys, type PublicKeys } from './fetch-keys.ts'

/** How long keys are used without another look. */
const FRESH_MS = 600_000
/** Between two looks for keys that are not there, and after a look that has failed. */
const PAUSE_MS = 5000

/** The keys behind a URL. */
export interface KeySet {
  /**
   * Gives the keys, among them the one of this id if there is such a one.
   *
   * @param now unix milliseconds
   * @throws RekeyError `unavailable` when they cannot be fetched
   */
  findKeys(id: string, now: number): Promise<PublicKeys>
}

/** Makes a key set. It fetches nothing yet. */
export function createKeySet(url: string): KeySet {
  let known: { readonly keys: PublicKeys; readonly at: number } | undefined
  let fetching: Promise<PublicKeys> | undefined
  let missedAt = Number.NaN
  let failedAt = Number.NaN

  const refresh = async (now: number): Promise<PublicKeys> => {
    try {
      const keys = await fetchKeys(url)
      known = { keys, at: now }
      return keys
    } catch (error) {
      failedAt = now
      throw unavailable(messageOf(error))
    } finally {
      fetching = undefined
    }
  }
  const look = (now: number): Promise<PublicKeys> => {
    if (isWithin(PAUSE_MS, failedAt, now)) throw unavailable('it failed a moment ago')
    // One for all who ask at once.
    fetching ??= refresh(now)
    return fetching
  }

  return {
    async findKeys(id, now) {
      if (!known || !isWithin(FRESH_MS, known.at, now)) return look(now)
      if (known.keys.ids.includes(id)) return known.keys
      if (fetching) return fetching
      if (isWithin(PAUSE_MS, missedAt, now)) return known.keys
      const keys = await look(now)
      // Only now: a look that fails does not say that the key is not there.
      missedAt = now
      return keys
    },
  }
}

function unavailable(why: string): RekeyError {
  const options = { retryAfterSeconds: PAUSE_MS / 1000 }
  return new RekeyError('unavailable', `JWKS_URL gives no keys: ${why}`, options)
}

/** A clock that was set back must not make a pause longer. */
function isWithin(periodMs: number, since: number, now: number): boolean {
  return now >= since && now - since < periodMs
}
