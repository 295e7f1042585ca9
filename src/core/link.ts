// When a link is genuine, when it is too old, and when its account has moved on.
//
// A link is three strings: user_id, timestamp (unix seconds, ten digits) and signature: 32 bytes as
// 43 characters of base64url without padding, two 16-byte seals in a row, each the first half of an
// HMAC-SHA-256. Only `{django_token}` has no room for more than 14 bytes of each.
//   outer seal   'rekey-link-v1', purpose, 'outer', audience, user_id, timestamp, under the server's
//                secret. Checked with no database, so a forged link never reaches it.
//   inner seal   the same with 'inner', then the address and, where mapped, the last login: 'never'
//                or 'at <text>'. Its key is a MAC over 'rekey-link-v1', purpose, 'inner-key' and what
//                the password column holds under the server's secret: it dies with the password.
// The row decides the purpose, each time that it is looked at:
//   reset-password   it holds a usable hash, which goes into the inner key as it is.
//   first-password   it holds none. Into the inner key goes 'null', or 'is <text>' for an empty text
//                    or a mark. Whoever has the secret can guess these, so the secret alone may be
//                    enough to make such a link. Opened only where the rules say so.

import { timingSafeEqual } from 'node:crypto'
import { RekeyError } from '../errors.ts'
import type { KeyRing, SecretKeys } from './key-ring.ts'
import { macFields } from './message.ts'
import { isUsableHash } from './usable-hash.ts'

/** The three values that a mailed link carries, exactly as mailed. */
export interface Link {
  readonly userId: string
  readonly timestamp: string
  readonly signature: string
  /** Bytes of each seal in the signature: all of them unless it was mailed as `{django_token}`. */
  readonly sealBytes?: typeof SEAL_BYTES | typeof SHORT_SEAL_BYTES
}

/** What a link is bound to. A change of any of these kills it. */
export interface AccountFacts {
  readonly emailAddress: string
  /** What the password column holds: also nothing, or a mark that there is no password. */
  readonly passwordHash: string | null
  /** The last login as the database spells it, `null` for never, `undefined` where not configured. */
  readonly lastLogin: string | null | undefined
}

/** Whom links are for and how long they live. */
export interface LinkRules {
  readonly audience: string
  readonly ttlSeconds: number
  readonly bucketSeconds: number
  /** Unix seconds: links of buckets before the one that holds this moment are void. */
  readonly notBefore: number
  /** Whether links that set a first password are opened at all. */
  readonly opensFirstPasswords: boolean
}

/** What a link is for. One for the one is never good for the other. */
export type LinkPurpose = 'reset-password' | 'first-password'

/** A link whose outer seal proved genuine and whose time is right. */
export interface GenuineLink {
  readonly link: Link
  readonly purpose: LinkPurpose
  /** Unix seconds of the last second in which it works. */
  readonly expiresAt: number
  /** The keys of the one secret that sealed it: the inner seal must be by the same. */
  readonly keys: SecretKeys
}

/** Bytes of a seal: 128 bits. */
export const SEAL_BYTES = 16
/** Bytes of a seal in `{django_token}`: 112 bits. */
export const SHORT_SEAL_BYTES = 14
const TIMESTAMP = /^\d{10}$/
const MAX_CLOCK_SKEW_SECONDS = 60
const VERSION = 'rekey-link-v1'
const RESETS_ONLY: readonly LinkPurpose[] = ['reset-password']
const EVERY_PURPOSE: readonly LinkPurpose[] = ['reset-password', 'first-password']

/**
 * The timestamp of a link asked for now: rounded down to its bucket, so that every request in one
 * bucket mails the same link on every replica.
 *
 * @param now unix milliseconds
 */
export function linkTimestamp(now: number, rules: LinkRules): string {
  return String(bucketOf(Math.floor(now / 1000), rules))
}

/**
 * Seals a link for an account, for the purpose that its row decides.
 *
 * @param timestamp as `linkTimestamp` gives it
 * @returns the signature, 43 characters
 */
export function sealLink(
  keys: SecretKeys,
  rules: LinkRules,
  userId: string,
  timestamp: string,
  facts: AccountFacts,
): string {
  return Buffer.concat([
    outerSeal(keys, rules, purposeFor(facts), { userId, timestamp }),
    innerSeal(keys, rules, { userId, timestamp }, facts),
  ]).toString('base64url')
}

/**
 * Proves the outer seal, then the age, without looking anything up. It says nothing about the
 * account: the caller still owes `sealsAccount` with the facts as they are now.
 *
 * @param now unix milliseconds
 * @throws RekeyError `link_invalid`: altered, not made by this service, or from the future
 * @throws RekeyError `link_expired`: genuine and too old, or void by LINKS_NOT_BEFORE
 */
export function openLink(ring: KeyRing, rules: LinkRules, link: Link, now: number): GenuineLink {
  const signature = decodeSignature(link)
  if (!signature || !link.userId.isWellFormed() || !TIMESTAMP.test(link.timestamp)) {
    throw new RekeyError('link_invalid', 'not a spelling that this service makes')
  }
  const claimed = signature.subarray(0, signature.length / 2)
  const purposes = rules.opensFirstPasswords ? EVERY_PURPOSE : RESETS_ONLY
  let proof: Pick<GenuineLink, 'keys' | 'purpose'> | undefined
  for (const keys of ring) {
    for (const purpose of purposes) {
      const seal = outerSeal(keys, rules, purpose, link)
      if (timingSafeEqual(claimed, seal)) proof = { keys, purpose }
    }
  }
  if (!proof) throw new RekeyError('link_invalid', 'outer seal does not match')

  const sealedAt = Number(link.timestamp)
  if (isFromFuture(link.timestamp, now)) {
    throw new RekeyError('link_invalid', 'from the future: check the clocks of the replicas')
  }
  if (isTooOld(link.timestamp, rules, now)) {
    throw new RekeyError('link_expired', 'past LINK_TTL_SECONDS, or voided by LINKS_NOT_BEFORE')
  }
  return { link, expiresAt: sealedAt + rules.ttlSeconds, ...proof }
}

/**
 * Says whether links of a timestamp are dead by age, or void by LINKS_NOT_BEFORE.
 *
 * @param now unix milliseconds
 */
export function isTooOld(timestamp: string, rules: LinkRules, now: number): boolean {
  const sealedAt = Number(timestamp)
  return (
    Math.floor(now / 1000) > sealedAt + rules.ttlSeconds ||
    sealedAt < bucketOf(rules.notBefore, rules)
  )
}

/**
 * Says whether links of a timestamp do not work yet, because the clock that it is from was ahead.
 *
 * @param now unix milliseconds
 */
export function isFromFuture(timestamp: string, now: number): boolean {
  return Number(timestamp) - Math.floor(now / 1000) > MAX_CLOCK_SKEW_SECONDS
}

/** Says whether the account is still as it was when the link was sealed. */
export function sealsAccount(genuine: GenuineLink, rules: LinkRules, facts: AccountFacts): boolean {
  const { link, keys, purpose } = genuine
  if (purpose !== purposeFor(facts)) return false
  const seals = Buffer.from(link.signature, 'base64url')
  const claimed = seals.subarray(seals.length / 2)
  return timingSafeEqual(claimed, innerSeal(keys, rules, link, facts))
}

function purposeFor({ passwordHash }: AccountFacts): LinkPurpose {
  return isUsableHash(passwordHash) ? 'reset-password' : 'first-password'
}

function outerSeal(
  keys: SecretKeys,
  rules: LinkRules,
  purpose: LinkPurpose,
  { userId, timestamp, sealBytes = SEAL_BYTES }: Omit<Link, 'signature'>,
): Buffer {
  const fields = [VERSION, purpose, 'outer', rules.audience, userId, timestamp]
  return macFields(keys.outerSeal, fields).subarray(0, sealBytes)
}

function innerSeal(
  keys: SecretKeys,
  rules: LinkRules,
  { userId, timestamp, sealBytes = SEAL_BYTES }: Omit<Link, 'signature'>,
  facts: AccountFacts,
): Buffer {
  const purpose = purposeFor(facts)
  const key = macFields(keys.innerSeal, [VERSION, purpose, 'inner-key', keyField(facts)])
  const fields = [VERSION, purpose, 'inner', rules.audience, userId, timestamp, facts.emailAddress]
  if (facts.lastLogin !== undefined) {
    fields.push(facts.lastLogin === null ? 'never' : `at ${facts.lastLogin}`)
  }
  return macFields(key, fields).subarray(0, sealBytes)
}

/** What a password column holds, injectively within a purpose. */
function keyField({ passwordHash }: AccountFacts): string {
  if (passwordHash === null) return 'null'
  return isUsableHash(passwordHash) ? passwordHash : `is ${passwordHash}`
}

/** Node's decoder forgives padding, junk and other alphabets: only its own spelling is taken. */
function decodeSignature({ signature, sealBytes = SEAL_BYTES }: Link): Buffer | undefined {
  if (signature.length !== Math.ceil((2 * sealBytes * 8) / 6)) return undefined
  const bytes = Buffer.from(signature, 'base64url')
  return bytes.toString('base64url') === signature ? bytes : undefined
}

function bucketOf(seconds: number, rules: LinkRules): number {
  return seconds - (seconds % rules.bucketSeconds)
}
