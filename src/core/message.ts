// The byte form of everything that is put under a MAC: length-prefixed fields, so that no two
// different lists of fields share their bytes. A field is its UTF-8 length as four bytes, big
// endian, then the bytes.

import { createHmac, type KeyObject } from 'node:crypto'

/**
 * Encodes fields injectively.
 *
 * @param fields well-formed Unicode; a lone surrogate would share its bytes with U+FFFD
 * @throws TypeError for a field that is not well-formed
 */
export function encodeFields(fields: readonly string[]): Buffer {
  let length = 0
  for (const field of fields) length += 4 + Buffer.byteLength(field)
  const message = Buffer.allocUnsafe(length)
  let offset = 0
  for (const field of fields) {
    if (!field.isWellFormed())
      throw new TypeError('a field under a MAC must be well-formed Unicode')
    const size = message.write(field, offset + 4)
    message.writeUInt32BE(size, offset)
    offset += 4 + size
  }
  return message
}

/** HMAC-SHA-256 (RFC 2104) over the encoded fields. @returns 32 bytes */
export function macFields(key: KeyObject | Buffer, fields: readonly string[]): Buffer {
  return createHmac('sha256', key).update(encodeFields(fields)).digest()
}
