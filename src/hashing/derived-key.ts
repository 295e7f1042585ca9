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
export interface KeyLayout<P> extends Pick<PasswordFormat, 'name' | 'countsUtf16' | 'prepare'> {
  /** @returns undefined for anything but this layout, and for parameters beyond the limits */
  read(passwordHash: string): StoredKey<P> | undefined
  write(stored: StoredKey<P>): string
  /** @returns the parameters to write with: the row's own or more, or the format's choice */
  choose(own: P | undefined): P
  makeSalt(): string
  /** Derives a key off the main thread. */
  derive(password: string, salt: string, parameters: P): Promise<Buffer>
}

/** Makes the format of a layout. */
export function createKeyFormat<P extends object>(layout: KeyLayout<P>): PasswordFormat {
  const { name, countsUtf16, prepare } = layout
  const prepared = (password: string) => prepare?.(password) ?? password
  const readOwn = (passwordHash: string) => {
    const stored = layout.read(passwordHash)
    if (!stored) throw new TypeError(`not a hash of the format ${name}`)
    return stored
  }
  return {
    name,
    ...(countsUtf16 && { countsUtf16 }),
    ...(prepare && { prepare }),
    recognise: (passwordHash) => layout.read(passwordHash) !== undefined,
    describe(passwordHash) {
      const entries = Object.entries(readOwn(passwordHash).parameters)
      return entries.map(([parameter, value]) => `${parameter}=${value}`).join(', ')
    },
    async verify(password, passwordHash) {
      const stored = readOwn(passwordHash)
      const key = await layout.derive(prepared(password), stored.salt, stored.parameters)
      return key.length === stored.key.length && timingSafeEqual(key, stored.key)
    },
    async hash(password, currentHash = '') {
      const parameters = layout.choose(layout.read(currentHash)?.parameters)
      const salt = layout.makeSalt()
      const key = await layout.derive(prepared(password), salt, parameters)
      return layout.write({ parameters, salt, key })
    },
    draft(currentHash) {
      const stored = readOwn(currentHash)
      const parameters = layout.choose(stored.parameters)
      // Every key of a layout is as long, or as long as its digest, which stays.
      return layout.write({ parameters, salt: layout.makeSalt(), key: stored.key })
    },
  }
}
