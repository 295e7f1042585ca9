// A case of the test suite of a system that Rekey descends from, re-created over HTTP.

/**
 * What CONTRACT 2.3 lets Rekey do otherwise than all of these systems. A case that carries one of
 * them asserts what Rekey does instead.
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

export interface SeedCase {
  /** As the system's own suite calls it. */
  readonly name: string
  readonly differs?: Difference
  readonly run: () => Promise<void>
}
