// Why a request got no answer.

/** Names it by the code of the network, or by the kind of error; never by the address. */
export function nameFetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  const cause = error.cause instanceof Error ? error.cause : error
  // What is no HTTP at all comes with a code that is undefined.
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}
