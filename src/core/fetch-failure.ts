// Why a request got no answer.

/** Names it by the code of the network, or by the kind of error; never by the address. */
export function nameFetchFailure(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown failure'
  const { cause } = error
  return cause instanceof Error && 'code' in cause ? String(cause.code) : error.name
}
