// What a password format must be able to do. One file each; `registry.ts` lists them.

/** A way of storing passwords that some host application reads. */
export interface PasswordFormat {
  /** As PASSWORD_HASH names it. */
  readonly name: string
  /** Most UTF-8 bytes of a prepared password that the host's own code tells apart, if it has a limit. */
  readonly maxBytes?: number
  /** Whether the host's login refuses a password whose length in UTF-16 units exceeds its limit. */
  readonly countsUtf16?: true
  /**
   * Characters of a hash with the parameters that the format chooses itself. Those of a row may make
   * it a digit or two longer, as they made the row's.
   */
  readonly length: number
  /** Whether PASSWORD_PEPPER goes into it. */
  readonly takesPepper?: true
  /** Says whether a stored hash is in this format, with parameters that this machine can bear. */
  recognise(passwordHash: string): boolean
  /** Changes a password as the host does before it hashes it; without it, nothing is changed. */
  prepare?(password: string): string
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
}
