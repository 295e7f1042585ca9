// A host application that issues tokens and publishes their keys, as well or as badly as a test wants it.

import type { ServerResponse } from 'node:http'
import {
  type CryptoKey,
  exportJWK,
  generateKeyPair,
  type JWK,
  type JWTHeaderParameters,
  type JWTPayload,
  SignJWT,
} from 'jose'
import { confide } from './discretion.ts'
import { startServer } from './loopback-server.ts'
import { seconds } from './seconds.ts'

export const issuer = 'https://app.example'
export const audience = 'https://rekey.example'

/** What a service needs in its environment to take the tokens. */
export const jwtVariables = { JWT_ISSUER: issuer, JWT_AUDIENCE: audience }

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
  readonly jwk: JWK
}

export type KeysAnswer = (response: ServerResponse) => void

export interface TokenIssuer {
  readonly url: string
  /** How often the keys were asked for. */
  asked(): number
  /** Publishes these keys, and no others. */
  publish(...keys: readonly SigningKey[]): void
  /** Answers otherwise than with the keys, until called with nothing. */
  answer(otherwise?: KeysAnswer): void
  stop(): Promise<void>
}

let made = 0

export async function createKey(alg = 'ES256'): Promise<SigningKey> {
  made += 1
  const kid = `key-${made}`
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  return { kid, alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' } }
}

/** The claims that a good token has. */
export function claimsOf(
  subject: string | undefined,
  changes: Readonly<Record<string, unknown>> = {},
): JWTPayload {
  const now = seconds()
  const all = { iss: issuer, aud: audience, sub: subject, iat: now, exp: now + 300, ...changes }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** Signs claims. */
export async function sign(
  { alg, kid, privateKey }: SigningKey,
  claims: JWTPayload,
  header: object = {},
): Promise<string> {
  // What is undefined is not in the header that is sent.
  const protectedHeader = { alg, kid, ...header }
  return confide(await new SignJWT(claims).setProtectedHeader(protectedHeader).sign(privateKey))
}

/** Signs claims with a shared secret. */
export async function signWithSecret(
  secret: string | Uint8Array,
  claims: JWTPayload,
  header: JWTHeaderParameters = { alg: 'HS256' },
): Promise<string> {
  const key = typeof secret === 'string' ? Buffer.from(secret) : secret
  return confide(await new SignJWT(claims).setProtectedHeader(header).sign(key))
}

export function bearer(token: string): Readonly<Record<string, string>> {
  return { authorization: `Bearer ${token}` }
}

export async function startIssuer(...keys: readonly SigningKey[]): Promise<TokenIssuer> {
  let published = keys
  let asked = 0
  let otherwise: KeysAnswer | undefined
  const { origin, stop } = await startServer((_, response) => {
    asked += 1
    if (otherwise) otherwise(response)
    else {
      response.setHeader('content-type', 'application/jwk-set+json')
      response.end(JSON.stringify({ keys: published.map(({ jwk }) => jwk) }))
    }
  })
  return {
    url: `${origin}/.well-known/jwks.json`,
    asked: () => asked,
    publish: (...others) => {
      published = others
    },
    answer: (answer) => {
      otherwise = answer
    },
    stop,
  }
}
