// Whether the keys of the host application's JWTs are where JWKS_URL says, and can be used.

import { type Finding, reportFault, reportOk } from '../../core/finding.ts'
import { messageOf } from '../../errors.ts'
import { fetchKeys, type PublicKeys } from '../fetch-keys.ts'
import type { JwtSettings } from '../jwt-verifier.ts'

const NAME = 'jwt-keys'
/** With a shorter one no JWT is verified (RFC 7518, section 3.3). */
const LEAST_RSA_BITS = 2048

/** Says nothing where JWTs are signed with a shared secret, of which nothing shows from outside. */
export async function checkKeys({ algorithms, keys }: JwtSettings): Promise<Finding[]> {
  if ('secret' in keys) return []
  try {
    const published = await fetchKeys(keys.jwksUrl)
    const usable = await countUsable(published, algorithms)
    if (usable > 0) return [reportOk(NAME, `JWKS_URL has ${usable} that can be used`)]
    const says = `JWKS_URL has no key with a kid that is for ${algorithms.join(', ')}`
    return [reportFault(NAME, says, 'set JWT_ALGORITHMS to what your application signs with')]
  } catch (error) {
    const remedy = 'correct JWKS_URL, or open the way to it'
    return [reportFault(NAME, `JWKS_URL gives no keys: ${messageOf(error)}`, remedy)]
  }
}

async function countUsable({ ids, find }: PublicKeys, algorithms: readonly string[]) {
  const isUsable = async (kid: string) => {
    const found = await Promise.allSettled(algorithms.map((alg) => find({ alg, kid })))
    return found.some((each) => each.status === 'fulfilled' && isLongEnough(each.value))
  }
  const answers = await Promise.all([...new Set(ids)].map(isUsable))
  return answers.filter(Boolean).length
}

function isLongEnough({ algorithm }: CryptoKey): boolean {
  return !('modulusLength' in algorithm) || Number(algorithm.modulusLength) >= LEAST_RSA_BITS
}
