// The link a second time, from the text of the contract and node:crypto alone: it shares no code
// with src/core, so that a change of the format cannot pass by agreeing with itself.
//
//   key     HKDF-SHA-256 (RFC 5869) of the secret's 32 bytes, no salt, label `rekey/v1/<use>`
//   fields  each as its UTF-8 length in four bytes, big endian, then its bytes
//   purpose `reset-password` beside a usable hash; `first-password` beside NULL, and what, without the
//           blanks around it, begins with ! or * or has fewer than 13 characters
//   outer   HMAC-SHA-256 over version, purpose, `outer`, audience, user id, timestamp
//   inner   the same with `inner`, the address and, where configured, the last login (`never`, or
//           `at ` and the text), under a key that is HMAC-SHA-256 over version, purpose,
//           `inner-key` and the password hash under the derived inner key; for a first password
//           `null`, or `is ` and the text that stands there
//   signature = base64url of the first 16 bytes of each; token = signature, timestamp, base64url(id)
//   django_token = timestamp in base 36 and the first 14 bytes of each in base 62 (38 digits), in a
//           row, with a hyphen behind the 13th character

import { createHmac } from 'node:crypto'

/** Everything that a link is made of. `lastLogin` is left out where none is configured. */
export interface Sealed {
  readonly secret: string
  readonly audience: string
  readonly userId: string
  readonly timestamp: string
  readonly emailAddress: string
  readonly passwordHash: string | null
  readonly lastLogin?: string | null
}

/** What somebody posts, and what they are judged by. */
export interface Opening {
  readonly secrets: readonly string[]
  readonly audience: string
  readonly ttlSeconds: number
  readonly bucketSeconds: number
  readonly notBefore: number
  readonly nowMs: number
  /** Left out where REQUIRE_USABLE_PASSWORD is true. */
  readonly opensFirstPasswords?: boolean
  readonly link: { readonly userId: string; readonly timestamp: string; readonly signature: string }
  readonly account: Pick<Sealed, 'emailAddress' | 'passwordHash' | 'lastLogin'>
}

export function hmac(key: string | Buffer, ...parts: (string | Buffer)[]): Buffer {
  const mac = createHmac('sha256', key)
  for (const part of parts) mac.update(part)
  return mac.digest()
}

export function secretBytes(secret: string): Buffer {
  return Buffer.from(secret.slice('rk1_'.length), 'base64url')
}

export function deriveKey(secret: Buffer, use: string): Buffer {
  const pseudoRandomKey = hmac(Buffer.alloc(32), secret)
  return hmac(pseudoRandomKey, `rekey/v1/${use}`, Buffer.of(1))
}

export function joinFields(fields: readonly string[]): Buffer {
  return Buffer.concat(
    fields.flatMap((field) => {
      const bytes = Buffer.from(field, 'utf8')
      const { length } = bytes
      return [Buffer.of(length >>> 24, length >>> 16, length >>> 8, length), bytes]
    }),
  )
}

function isFirst({ passwordHash }: Pick<Sealed, 'passwordHash'>): boolean {
  const held = passwordHash?.trim() ?? ''
  return held.length < 13 || '!*'.includes(held.charAt(0))
}

function outerSealOf(sealed: Sealed, purpose: string): Buffer {
  const { audience, userId, timestamp } = sealed
  const fields = ['rekey-link-v1', purpose, 'outer', audience, userId, timestamp]
  const key = deriveKey(secretBytes(sealed.secret), 'outer-seal')
  return hmac(key, joinFields(fields)).subarray(0, 16)
}

function innerSealOf(sealed: Sealed, purpose: string): Buffer {
  const { audience, userId, timestamp, emailAddress, lastLogin } = sealed
  const login = lastLogin === undefined ? [] : lastLogin === null ? ['never'] : [`at ${lastLogin}`]
  const fields = ['rekey-link-v1', purpose, 'inner', audience, userId, timestamp]
  const innerKey = deriveKey(secretBytes(sealed.secret), 'inner-seal')
  const mark = sealed.passwordHash === null ? 'null' : `is ${sealed.passwordHash}`
  const held = purpose === 'first-password' ? mark : (sealed.passwordHash ?? '')
  const keyFields = ['rekey-link-v1', purpose, 'inner-key', held]
  const key = hmac(innerKey, joinFields(keyFields))
  return hmac(key, joinFields([...fields, emailAddress, ...login])).subarray(0, 16)
}

export function signatureOf(sealed: Sealed): string {
  const purpose = isFirst(sealed) ? 'first-password' : 'reset-password'
  const seals = [outerSealOf(sealed, purpose), innerSealOf(sealed, purpose)]
  return Buffer.concat(seals).toString('base64url')
}

export function tokenOf(sealed: Sealed): string {
  return signatureOf(sealed) + sealed.timestamp + Buffer.from(sealed.userId).toString('base64url')
}

export function djangoTokenOf(sealed: Sealed): string {
  const seals = Buffer.from(signatureOf(sealed), 'base64url')
  const bytes = [...seals.subarray(0, 14), ...seals.subarray(16, 30)]
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
  // Long division of the bytes, a digit at a time from the last one.
  let text = ''
  for (let place = 0; place < 38; place += 1) {
    let remainder = 0
    for (const [index, byte] of bytes.entries()) {
      const part = remainder * 256 + byte
      bytes[index] = Math.floor(part / 62)
      remainder = part % 62
    }
    text = digits.charAt(remainder) + text
  }
  const row = parseInt(sealed.timestamp, 10).toString(36) + text
  return row.replace(/^.{13}/, '$&-')
}

export function outcomeOf(opening: Opening): string {
  const { link, audience, account } = opening
  const now = Math.floor(opening.nowMs / 1000)
  const isOneOfOurs = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/.test(link.signature)
  if (!isOneOfOurs || !/^[0-9]{10}$/.test(link.timestamp)) return 'link_invalid'
  const bytes = Buffer.from(link.signature, 'base64url')
  const sealedWith = (secret: string) => ({ secret, audience, ...link, ...account })
  const purposes = ['reset-password', ...(opening.opensFirstPasswords ? ['first-password'] : [])]
  const [proof] = opening.secrets.flatMap((secret) =>
    purposes
      .filter((purpose) => outerSealOf(sealedWith(secret), purpose).equals(bytes.subarray(0, 16)))
      .map((purpose) => ({ secret, purpose })),
  )
  if (proof === undefined) return 'link_invalid'
  const age = now - Number(link.timestamp)
  if (age < -60) return 'link_invalid'
  const firstBucket = Math.floor(opening.notBefore / opening.bucketSeconds) * opening.bucketSeconds
  if (age > opening.ttlSeconds || Number(link.timestamp) < firstBucket) return 'link_expired'
  const { secret, purpose } = proof
  if (isFirst(account) !== (purpose === 'first-password')) return 'inner_mismatch'
  const inner = innerSealOf(sealedWith(secret), purpose)
  return inner.equals(bytes.subarray(16)) ? 'ok' : 'inner_mismatch'
}
