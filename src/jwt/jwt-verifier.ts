// Verifies the JWTs of the host application: JSON Web Tokens (RFC 7519), with jose.
//
// Keys, algorithms, issuer and audience come from the configuration alone. A JWT chooses among the
// keys by their id, and has no other say: keys and addresses of keys in its header are never looked at.

import type { JWTPayload, JWTVerifyOptions, JWTVerifyResult } from 'jose'
import { messageOf, RekeyError } from '../errors.ts'
import type { JwtVerifier, VerifiedJwt } from '../ports.ts'
import { createKeySet } from './key-set.ts'

/** What proves a JWT: public keys behind a URL, or a secret whose UTF-8 bytes are the key. */
export type JwtKeys = { readonly jwksUrl: string } | { readonly secret: string }

/** Which JWTs count. */
export interface JwtSettings {
  readonly keys: JwtKeys
  readonly issuer: string
  readonly audience: string
  /** Of the kind that the keys are for. */
  readonly algorithms: readonly string[]
  /** The claim that holds the account's id. */
  readonly userIdClaim: string
  /** Whether a JWT must say when it was issued. */
  readonly requiresIssuedAt: boolean
}

const MOST_CHARACTERS = 8192
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** How far the host's clock may be ahead of this one. A JWT that has expired is soon renewed. */
const AHEAD_SECONDS = 5

/** Makes the verifier. jose is loaded for the first JWT: a start need not wait for it. */
export function createJwtVerifier(settings: JwtSettings): JwtVerifier {
  const { algorithms, audience, issuer, keys, requiresIssuedAt, userIdClaim } = settings
  const verify = 'secret' in keys ? verifyBySecret(keys.secret) : verifyByKeySet(keys.jwksUrl)
  const options = {
    algorithms: [...algorithms],
    audience,
    issuer,
    requiredClaims: ['exp', userIdClaim, ...(requiresIssuedAt ? ['iat'] : [])],
    clockTolerance: AHEAD_SECONDS,
  }
  return {
    async verify(jwt, now) {
      try {
        if (jwt.length > MOST_CHARACTERS || !COMPACT_FORM.test(jwt)) {
          throw new TypeError('not a signed JWT in compact form')
        }
        const dated = { ...options, currentDate: new Date(now) }
        const { payload, protectedHeader } = await verify(jwt, dated, now)
        if (protectedHeader.crit) throw new TypeError('the header asks for an extension')
        return readClaims(payload, userIdClaim, now)
      } catch (error) {
        if (error instanceof RekeyError) throw error
        throw new RekeyError('not_authenticated', `JWT refused: ${nameFault(error)}`)
      }
    },
  }
}

type Verify = (jwt: string, options: JWTVerifyOptions, now: number) => Promise<JWTVerifyResult>

function verifyBySecret(secret: string): Verify {
  const key = Buffer.from(secret)
  return async (jwt, options) => (await import('jose')).jwtVerify(jwt, key, options)
}

function verifyByKeySet(url: string): Verify {
  const keySet = createKeySet(url)
  return async (jwt, options, now) => {
    const { jwtVerify } = await import('jose')
    return jwtVerify(
      jwt,
      async (header) => {
        // Without one it could not be told from a key that was withdrawn.
        if (typeof header.kid !== 'string') throw new TypeError('the header names no key')
        const keys = await keySet.findKeys(header.kid, now)
        return keys.find(header)
      },
      options,
    )
  }
}

/** @throws TypeError for claims that are there, and cannot be taken */
function readClaims(claims: JWTPayload, userIdClaim: string, now: number): VerifiedJwt {
  const { exp = 0, iat: issuedAt } = claims
  const nowSeconds = Math.floor(now / 1000)
  if (exp <= nowSeconds) throw new TypeError('expired a moment ago')
  if (issuedAt !== undefined && issuedAt > nowSeconds + AHEAD_SECONDS) {
    throw new TypeError('issued in the future')
  }
  const subject = claims[userIdClaim]
  if (typeof subject !== 'string' && !Number.isSafeInteger(subject)) {
    throw new TypeError('the id is neither a text nor a whole number')
  }
  return { subject: subject as string | number, issuedAt }
}

/** jose repeats in its messages what a JWT holds; its codes do not. */
function nameFault(error: unknown): string {
  if (error instanceof TypeError) return messageOf(error)
  if (!(error instanceof Error)) return 'unknown'
  const { code, claim } = error as { code?: unknown; claim?: unknown }
  const name = typeof code === 'string' ? code : error.name
  return claim === undefined ? name : `${name} ${claim}`
}
