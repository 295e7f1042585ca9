// What a command may do to the process it runs in.

/** The process, as commands see it. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  out(text: string): void
  err(text: string): void
  /**
   * Asks for a password without echo, or reads it from standard input where that is no terminal.
   *
   * @returns undefined where none was given
   */
  readPassword(prompt: string): Promise<string | undefined>
  /** Settles at the first SIGTERM or SIGINT; a second one ends the process at once. */
  readonly stopSignal: () => Promise<string>
}

/** What a command ends with. */
export type ExitStatus = number

/** EX_USAGE of sysexits(3): there is no such command, or it takes no such arguments. */
export const EXIT_USAGE: ExitStatus = 64

/** EX_TEMPFAIL of sysexits(3): it may or may not be done; trying again is safe. */
export const EXIT_TEMPFAIL: ExitStatus = 75

/** EX_CONFIG of sysexits(3): the configuration is at fault, and starting again will not help. */
export const EXIT_CONFIG: ExitStatus = 78
