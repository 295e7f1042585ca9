// What an operator compares or looks up, rather than mends.

import type { Config } from '../../config/config.ts'
import { type Finding, reportOk } from '../../core/finding.ts'
import { identifySecret } from '../../core/key-ring.ts'

/** The same on every replica, in any order: the secrets are the same. */
export function listKeyIds({ links }: Config): Finding {
  const ids = links.keyRing.map(identifySecret)
  return reportOk('key-ids', `${ids.join(', ')}; the first signs`)
}

/** Who forwards to a process is known only to that process. */
export function listProxies({ http }: Config): Finding {
  const { length } = http.trustedProxies
  const who = length === 0 ? 'nobody' : `the ${length} entries of TRUST_PROXY`
  return reportOk(
    'forwarding',
    `${who} may say for whom a request is; headers from others do not count`,
    'if readers share one limit, look in the log for "forwarding headers ignored": it names the peer that belongs in TRUST_PROXY',
  )
}
