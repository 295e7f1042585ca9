// What a password format must be able to do. One file each; `registry.ts` lists them.

/** A way of storing passwords that some host application reads. */
export interface PasswordFormat {
  /** As PASSWORD_HASH names it. */
  readonly name: string
  /** Says whether a stored hash is in this format. */
  recognise(passwordHash: string): boolean
  /** Hashes with a new salt, off the main thread. */
  hash(password: string): Promise<string>
}
