// Formats that hold what a key derivation function gave, with its salt and parameters beside it.

import { timingSafeEqual } from 'node:crypto'
import type { PasswordFormat } from './format.ts'

/** A hash taken apart. The salt is the text as stored, whose bytes went into the function. */
export interface StoredKey<P> {
  readonly parameters: P
  readonly salt: string
  readonly key: Buffer
}

/** What tells one such format from another. */
export interface KeyLayout<P>
  extends Pick<PasswordFormat, 'name' | 'length' | 'countsUtf16' | 'prepare'> {
  /** @returns undefined for anything but this layout, and for parameters beyond the bounds */
  read(passwordHash: string): StoredKey<P> | undefined
  write(stored: StoredKey<P>): string
  /** @returns the parameters to write with: the row's own or more, or the format's choice */
  choose(own: P | undefined): P
  makeSalt(): string
  /** Derives a key off the main thread. */
  derive(password: string, salt: string, parameters: P): Promise<Buffer>
}

/** Makes the format of a layout. */
export function createKeyFormat<P>(layout: KeyLayout<P>): PasswordFormat {
  const { name, length, countsUtf16, prepare } = layout
  const prepared = (password: string) => prepare?.(password) ?? password
  return {
    name,
    length,
    ...(countsUtf16 && { countsUtf16 }),
    ...(prepare && { prepare }),
    recognise: (passwordHash) => layout.read(passwordHash) !== undefined,
    async verify(password, passwordHash) {
      const stored = layout.read(passwordHash)
      if (!stored) throw new TypeError(`not a hash of the format ${name}`)
      const key = await layout.derive(prepared(password), stored.salt, stored.parameters)
      return key.length === stored.key.length && timingSafeEqual(key, stored.key)
    },
    async hash(password, currentHash = '') {
      const parameters = layout.choose(layout.read(currentHash)?.parameters)
      const salt = layout.makeSalt()
      const key = await layout.derive(prepared(password), salt, parameters)
      return layout.write({ parameters, salt, key })
    },
  }
}
