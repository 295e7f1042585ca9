// How long a server asks to be left alone.

/** The longest that is kept to. */
const MAX_RETRY_AFTER_MS = 300_000

/**
 * Reads `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3).
 *
 * @param now unix milliseconds
 * @returns milliseconds, at most five minutes; undefined when nothing that can be read was sent
 */
export function parseRetryAfter(
  header: string | null | undefined,
  now: number,
): number | undefined {
  if (!header) return undefined
  const isSeconds = /^\d{1,9}$/.test(header)
  const ms = isSeconds ? Number(header) * 1000 : Date.parse(header) - now
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS)
}
