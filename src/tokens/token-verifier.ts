// Verifies the tokens of the host application: JSON Web Tokens (RFC 7519), with jose.
//
// Keys, algorithms, issuer and audience come from the configuration alone. A token chooses among the
// keys by their id, and has no other say: keys and addresses of keys in its header are never looked at.

import type { JWTPayload, JWTVerifyOptions, JWTVerifyResult } from 'jose'
import { messageOf, RekeyError } from '../errors.ts'
import type { TokenVerifier, VerifiedToken } from '../ports.ts'
import { createKeySet } from './key-set.ts'

/** What proves a token: public keys behind a URL, or a secret whose UTF-8 bytes are the key. */
export type TokenKeys = { readonly jwksUrl: string } | { readonly secret: string }

/** Which tokens count. */
export interface TokenSettings {
  readonly keys: TokenKeys
  readonly issuer: string
  readonly audience: string
  /** Of the kind that the keys are for. */
  readonly algorithms: readonly string[]
  /** The claim that holds the account's id. */
  readonly userIdClaim: string
  /** Whether a token must say when it was issued. */
  readonly requiresIssuedAt: boolean
}

const MOST_CHARACTERS = 8192
const COMPACT_FORM = /^[\w-]+\.[\w-]+\.[\w-]+$/
/** How far the host's clock may be ahead of this one. A token that has expired is soon renewed. */
const AHEAD_SECONDS = 5

/** Makes the verifier. jose is loaded for the first token: a start need not wait for it. */
export function createTokenVerifier(settings: TokenSettings): TokenVerifier {
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
    async verify(token, now) {
      try {
        if (token.length > MOST_CHARACTERS || !COMPACT_FORM.test(token)) {
          throw new TypeError('not a signed token in compact form')
        }
        const dated = { ...options, currentDate: new Date(now) }
        const { payload, protectedHeader } = await verify(token, dated, now)
        if (protectedHeader.crit) throw new TypeError('the header asks for an extension')
        return readClaims(payload, userIdClaim, now)
      } catch (error) {
        if (error instanceof RekeyError) throw error
        throw new RekeyError('not_authenticated', `token refused: ${nameFault(error)}`)
      }
    },
  }
}

type Verify = (token: string, options: JWTVerifyOptions, now: number) => Promise<JWTVerifyResult>

function verifyBySecret(secret: string): Verify {
  const key = Buffer.from(secret)
  return async (token, options) => (await import('jose')).jwtVerify(token, key, options)
}

function verifyByKeySet(url: string): Verify {
  const keySet = createKeySet(url)
  return async (token, options, now) => {
    const { jwtVerify } = await import('jose')
    return jwtVerify(
      token,
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
function readClaims(claims: JWTPayload, userIdClaim: string, now: number): VerifiedToken {
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

/** jose repeats in its messages what a token holds; its codes do not. */
function nameFault(error: unknown): string {
  if (error instanceof TypeError) return messageOf(error)
  if (!(error instanceof Error)) return 'unknown'
  const { code, claim } = error as { code?: unknown; claim?: unknown }
  const name = typeof code === 'string' ? code : error.name
  return claim === undefined ? name : `${name} ${claim}`
}
