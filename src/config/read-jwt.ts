// Judges the variables of the host application's JWTs, and makes the settings of them.

import type { JwtKeys, JwtSettings } from '../jwt/jwt-verifier.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { parseEndpointUrl } from './values.ts'

const LEAST_SECRET_BYTES = 32
const PUBLIC_KEY_ALGORITHMS = [
  ...['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['EdDSA', 'Ed25519'],
]
const SECRET_ALGORITHMS = ['HS256', 'HS384', 'HS512']

/** @returns undefined where no variable asks for JWTs */
export function readJwt(env: Environment, judge: Judge): JwtSettings | undefined {
  const { check } = judge
  const keys = readKeys(env, judge)
  for (const name of ['JWT_ISSUER', 'JWT_AUDIENCE'] as const) {
    const isRight = (env[name] === undefined) === (keys === undefined)
    check(
      [name, 'JWKS_URL', 'JWT_SECRET'],
      isRight,
      keys ? 'is required with JWKS_URL or JWT_SECRET' : LACKS_KEYS,
    )
  }
  const isUsed = keys !== undefined || env.JWT_ALGORITHMS === undefined
  check(['JWT_ALGORITHMS', 'JWKS_URL', 'JWT_SECRET'], isUsed, LACKS_KEYS)
  if (!keys) return undefined

  const [all, byDefault, variable] =
    'secret' in keys
      ? [SECRET_ALGORITHMS, ['HS256'], 'JWT_SECRET']
      : [PUBLIC_KEY_ALGORITHMS, ['ES256', 'RS256', 'EdDSA'], 'JWKS_URL']
  const algorithms = env.JWT_ALGORITHMS ?? byDefault
  const areOfOneKind = algorithms.every((name) => all.includes(name))
  check('JWT_ALGORITHMS', areOfOneKind, `must be some of ${all.join(', ')} with ${variable}`)
  return {
    keys,
    issuer: env.JWT_ISSUER ?? '',
    audience: env.JWT_AUDIENCE ?? '',
    algorithms,
    userIdClaim: env.JWT_USER_ID_CLAIM,
    requiresIssuedAt: env.USERS_CHANGED_AT_COLUMN !== undefined,
  }
}

const LACKS_KEYS = 'needs JWKS_URL or JWT_SECRET'

function readKeys(env: Environment, { attempt, check }: Judge): JwtKeys | undefined {
  const { JWKS_URL: url, JWT_SECRET: secret } = env
  const isOne = url === undefined || secret === undefined
  check('JWT_SECRET', isOne, 'set it or JWKS_URL, not both')
  if (url !== undefined) return { jwksUrl: attempt('JWKS_URL', () => parseEndpointUrl(url).href) }
  if (secret === undefined) return undefined
  const isLong = Buffer.byteLength(secret) >= LEAST_SECRET_BYTES
  check('JWT_SECRET', isLong, `must be at least ${LEAST_SECRET_BYTES} bytes`)
  // Anybody can have a public key, and could then sign with it.
  const isKey = secret.includes('-----BEGIN ')
  check('JWT_SECRET', !isKey, 'must be a shared secret; public keys come from JWKS_URL')
  return { secret }
}
