// What the start and `rekey doctor` find, one thing at a time.

/** `fault`: it will not work. `warning`: it works, and somebody should know. */
export type FindingStatus = 'ok' | 'warning' | 'fault'

/** One thing that was looked at. Nothing in it is secret. */
export interface Finding {
  readonly status: FindingStatus
  /** What was looked at, as one word with hyphens. */
  readonly name: string
  readonly says: string
  /** What to do; always there unless all is well. */
  readonly remedy?: string
}

export function reportOk(name: string, says: string, remedy?: string): Finding {
  return { status: 'ok', name, says, ...(remedy !== undefined && { remedy }) }
}

export function reportWarning(name: string, says: string, remedy: string): Finding {
  return { status: 'warning', name, says, remedy }
}

export function reportFault(name: string, says: string, remedy: string): Finding {
  return { status: 'fault', name, says, remedy }
}

/** A finding as one line. */
export function describeFinding({ says, remedy }: Pick<Finding, 'says' | 'remedy'>): string {
  return remedy === undefined ? says : `${says} -> ${remedy}`
}
