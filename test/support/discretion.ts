// Watches that neither a reply nor a log line gives away what was confided to the service.

/** Whatever a log line must not hold: grows with all that the tests of a file send and store. */
const confided = new Set<string>()
/** Shorter ones would be found by chance. */
export const MIN_CONFIDED_LENGTH = 10
const SECRETIVE = {
  'mail address': /[\w.+-]+@[\w-]+\.[\w.-]+/,
  'password hash': /\$argon2|\$2[aby]\$|pbkdf2(?::|_\w+\$)|scrypt[$:]\d/,
  secret: /rk1_[\w-]{43}|whsec_[\w+/]{32}/,
  link: /(?:signature|token)=[\w-]{20}/,
}

/** Remembers something that no log line may hold. @returns it */
export function confide(value: string): string {
  if (value.length >= MIN_CONFIDED_LENGTH) confided.add(value)
  return value
}

/** @throws Error when a log holds something that looks secret, or anything that was confided. */
export function expectDiscretion(output: string): void {
  for (const [name, pattern] of Object.entries(SECRETIVE)) {
    const index = output.search(pattern)
    if (index >= 0) throw new Error(`A ${name} in the log: ${around(output, index)}`)
  }
  for (const value of confided) {
    const spellings = [value, JSON.stringify(value).slice(1, -1)]
    const index = Math.max(...spellings.map((spelling) => output.indexOf(spelling)))
    if (index >= 0) throw new Error(`Something confided in the log: ${around(output, index)}`)
  }
}

function around(output: string, index: number): string {
  return output.slice(Math.max(0, index - 200), index + 100)
}
