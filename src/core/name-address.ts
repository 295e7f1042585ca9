// Names mail addresses and clients by MACs, to remember what was mailed and for whom without storing either.

import { foldAddress } from './email-address.ts'
import type { SecretKeys } from './key-ring.ts'
import { macFields } from './message.ts'

/** @returns 22 characters of base64url, the same for all spellings that find one address */
export function nameAddress({ addressCap }: SecretKeys, address: string): string {
  const fields = ['rekey-address-cap-v1', 'address', foldAddress(address)]
  return macFields(addressCap, fields).toString('base64url', 0, 16)
}

/**
 * @param client as the limits count it
 * @returns 12 characters of base64url
 */
export function nameClient({ addressCap }: SecretKeys, client: string): string {
  const fields = ['rekey-mail-turn-v1', 'client', client]
  return macFields(addressCap, fields).toString('base64url', 0, 9)
}
