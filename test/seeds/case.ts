// A case of the test suite of a system that Rekey descends from, re-created over HTTP.

/**
 * What Rekey deliberately does otherwise than these systems, and what each difference is about: first what
 * holds in every dialect, then what holds of its own routes. A case that carries one of them asserts what
 * Rekey does instead.
 */
export const differences = {
  'json only': 'bodies are JSON, so there are no form posts, and no redirects after them',
  'passwords are never trimmed': 'blanks at the edges of a password are part of it',
  'links are single use': 'a link dies with the password that it was made for',
  'order of checks': 'unknown and forged look alike',
  'strength is judged after the link': 'whoever has no link cannot try passwords',
  'timestamp that is no integer': 'is an invalid signature',
  'several rows with one address': 'never fail; each gets a mail of its own',
  'old password always': 'a change wants the old password',
  'no user details': 'a check of a link says nothing of its owner',
  'mail failure never shows': 'a reply is the same whatever becomes of the mail',
  'no empty non_field_errors': 'beside a field error there is no empty list of others',
  'no metadata': 'GET and OPTIONS describe nothing',
  "tokens are Rekey's": 'they are stored nowhere, and have one shape',
  'a reset signs nobody in': 'a mailed link is no second factor',
  'no such setting': '[coming-from-django.md](coming-from-django.md) says why there is none',
  'an address is always a login': '`login` finds an address first, and cannot be kept from it',
  'a confirmation that is sent counts': '`password_confirm` has to match, required or not',
} as const

export type Difference = keyof typeof differences

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
