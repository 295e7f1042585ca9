// bcrypt: $2b$12$ and 53 characters of salt and hash. The prefixes $2a$, $2b$ and $2y$ name one
// algorithm, but not every host reads all of them, so that of the row stays.
//
// Devise appends its pepper to the password, and Ruby's gem cuts the whole at 72 bytes.

import type { PasswordFormat } from './format.ts'

/** What bcrypt reads of a password. */
export const BCRYPT_MAX_BYTES = 72

const BCRYPT = /^\$(2[aby])\$(\d\d)\$[./A-Za-z0-9]{53}$/
/** What Django, Laravel and Devise choose today. */
const CHOSEN_COST = 12
/** OWASP's. */
const LEAST_COST = 10
const MOST_COST = 16

type Prefix = '2a' | '2b' | '2y'

/** At its first use: few tables hold these hashes, and the start of the others need not wait. */
const loadBcrypt = () => import('@node-rs/bcrypt')

/**
 * Makes one of the two bare formats. `bcrypt` keeps each row's prefix and else writes $2b$;
 * `bcrypt_2y` is for PHP, where a framework may refuse any prefix but its own.
 *
 * @param pepper Devise's; empty for hosts that have none
 */
export function createBcrypt(name: 'bcrypt' | 'bcrypt_2y', pepper: string): PasswordFormat {
  const prefix = name === 'bcrypt' ? '2b' : '2y'
  return {
    name,
    maxBytes: BCRYPT_MAX_BYTES,
    recognise(passwordHash) {
      const own = readBcrypt(passwordHash)
      return own !== undefined && (name === 'bcrypt' || own.prefix === prefix)
    },
    describe: (passwordHash) =>
      describeBcrypt(passwordHash) + (pepper === '' ? '' : ', with PASSWORD_PEPPER'),
    verify: async (password, passwordHash) => verifyBcrypt(password + pepper, passwordHash),
    hash: (password, currentHash = '') => hashBcrypt(password + pepper, currentHash, prefix),
    draft: draftBcrypt,
  }
}

/** @returns prefix and cost; undefined for anything else, and for a cost beyond the limits */
export function readBcrypt(passwordHash: string): { prefix: Prefix; cost: number } | undefined {
  const [, prefix, digits] = BCRYPT.exec(passwordHash) ?? []
  const cost = Number(digits)
  return cost >= 4 && cost <= MOST_COST ? { prefix: prefix as Prefix, cost } : undefined
}

/** Writes prefix and cost. */
export function describeBcrypt(passwordHash: string): string {
  const own = readBcrypt(passwordHash)
  if (!own) throw new TypeError('not a bcrypt hash')
  return `prefix ${own.prefix}, cost ${own.cost}`
}

/** Compares the first 72 bytes of a text with a hash. */
export async function verifyBcrypt(text: string, passwordHash: string): Promise<boolean> {
  if (!readBcrypt(passwordHash)) throw new TypeError('not a bcrypt hash')
  const { verify } = await loadBcrypt()
  return verify(cut(text), passwordHash)
}

/**
 * Hashes the first 72 bytes of a text.
 *
 * @param currentHash the row's own, whose prefix and cost are kept, or empty
 */
export async function hashBcrypt(
  text: string,
  currentHash: string,
  prefixOtherwise: Prefix = '2b',
): Promise<string> {
  const own = readBcrypt(currentHash)
  const { hash } = await loadBcrypt()
  const made = await hash(cut(text), raise(own?.cost ?? CHOSEN_COST))
  return made.replace(/^\$2b/, `$$${own?.prefix ?? prefixOtherwise}`)
}

/** Writes the hash that `hashBcrypt` would beside this one, of no text. */
export function draftBcrypt(currentHash: string): string {
  const own = readBcrypt(currentHash)
  if (!own) throw new TypeError('not a bcrypt hash')
  return `$${own.prefix}$${String(raise(own.cost)).padStart(2, '0')}$${'.'.repeat(53)}`
}

function raise(cost: number): number {
  return Math.max(cost, LEAST_COST)
}

/** As bytes, since the limit may fall within a character. */
function cut(text: string): Buffer {
  return Buffer.from(text).subarray(0, BCRYPT_MAX_BYTES)
}
