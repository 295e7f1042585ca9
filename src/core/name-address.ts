// Names a mail address without telling it, to remember whom mails went to.

import { foldAsciiCase } from './email-address.ts'
import type { SecretKeys } from './key-ring.ts'
import { macFields } from './message.ts'

/** @returns 22 characters of base64url, the same for all spellings that find one address */
export function nameAddress({ addressCap }: SecretKeys, address: string): string {
  const fields = ['rekey-address-cap-v1', 'address', foldAsciiCase(address)]
  return macFields(addressCap, fields).toString('base64url', 0, 16)
}
