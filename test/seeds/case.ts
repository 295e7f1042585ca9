// A case of the test suite of a system that Rekey descends from, re-created over HTTP.

/**
 * What Rekey deliberately does otherwise than these systems: first what holds in every dialect, then
 * what holds of its own routes. A case that carries one of them asserts what Rekey does instead.
 */
export type Difference =
  /** No forms: JSON bodies only. */
  | 'json only'
  | 'passwords are never trimmed'
  | 'links are single use'
  /** So unknown and forged look alike. */
  | 'order of checks'
  | 'strength is judged after the link'
  /** A timestamp that is no integer is an invalid signature. */
  | 'timestamp that is no integer'
  /** Several rows with one address never fail. */
  | 'several rows with one address'
  /** A change always wants the old password. */
  | 'old password always'
  /** From validate_token. */
  | 'no user details'
  | 'mail failure never shows'
  /** No empty `non_field_errors` beside a field error. */
  | 'no empty non_field_errors'
  /** No GET or OPTIONS metadata. */
  | 'no metadata'
  /** Tokens and uids are Rekey's own, and stored nowhere. */
  | "tokens are Rekey's"
  /** A mailed link is no second factor. */
  | 'a reset signs nobody in'
  /** docs/settings.md says why there is none. */
  | 'no such setting'
  /** `login` finds an address first, and cannot be kept from it. */
  | 'an address is always a login'
  /** A `password_confirm` that is sent has to match, required or not. */
  | 'a confirmation that is sent counts'

export interface SeedCase {
  /** As the system's own suite calls it. */
  readonly name: string
  /** What it says of Rekey, where the suite says it of pages, settings or Python objects. */
  readonly means?: string
  readonly differs?: Difference
  readonly run: () => Promise<void>
}

/** The suite of a system, as far as it is about reset and change. */
export interface SeedSuite {
  readonly system: string
  readonly cases: readonly SeedCase[]
  /** Cases that nothing sent to Rekey could tell apart. */
  readonly withoutWire: readonly { readonly name: string; readonly why: string }[]
}
