// How often something may be done.

/** So many times in so many seconds. */
export interface Rate {
  readonly limit: number
  readonly seconds: number
}

const SECONDS = { s: 1, m: 60, h: 3600, d: 86_400 }

/** @param text `30/15m`: a number, and a number of seconds, minutes, hours or days */
export function parseRate(text: string): Rate {
  const [, limit, count, unit] = /^(\d+)\/(\d+)([smhd])$/.exec(text) ?? []
  return { limit: Number(limit), seconds: Number(count) * SECONDS[unit as keyof typeof SECONDS] }
}
