// What a password format must be able to do. One file each; `registry.ts` lists them.

import type { PasswordFormatName } from '../core/password-formats.ts'

/** A way of storing passwords that some host application reads. */
export interface PasswordFormat {
  readonly name: PasswordFormatName
  /** Most UTF-8 bytes of a prepared password that the host's own code tells apart, if it has a limit. */
  readonly maxBytes?: number
  /** Whether the host's login refuses a password whose length in UTF-16 units exceeds its limit. */
  readonly countsUtf16?: true
  /** Says whether a stored hash is in this format, with parameters within the limits of SECURITY.md. */
  recognise(passwordHash: string): boolean
  /** Changes a password as the host does before it hashes it; without it, nothing is changed. */
  prepare?(password: string): string
  /**
   * Writes the parameters of a hash that the format recognises, such as `m=19456, t=2, p=1`: neither
   * salt nor key.
   *
   * @throws TypeError for any other hash
   */
  describe(passwordHash: string): string
  /**
   * Compares a password, as typed, with a hash that the format recognises, off the main thread.
   *
   * @throws TypeError for any other hash
   */
  verify(password: string, passwordHash: string): Promise<boolean>
  /**
   * Hashes a password, as typed, with a new salt, off the main thread.
   *
   * @param currentHash one that the format recognises: its parameters are kept, or raised to the
   * least of OWASP's Password Storage Cheat Sheet, where the host reads them from the string
   */
  hash(password: string, currentHash?: string): Promise<string>
  /**
   * Writes a hash as `hash` would beside one that the format recognises, of no password: it costs
   * nothing, and shows the parameters and the length.
   *
   * @throws TypeError for any other hash
   */
  draft(currentHash: string): string
}
