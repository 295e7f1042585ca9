// argon2 as a PHC string: $argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>, m in KiB, salt and hash in
// base64 without padding. What the formats share that hold such a string.

import { type Algorithm, hash, verify } from '@node-rs/argon2'

export type Argon2Variety = 'argon2i' | 'argon2id'

export interface Argon2Parameters {
  readonly variety: Argon2Variety
  readonly memoryCost: number
  readonly timeCost: number
  readonly parallelism: number
}

// The library's enum exists for the compiler only.
const ALGORITHMS = {
  argon2i: 1 satisfies Algorithm.Argon2i as Algorithm,
  argon2id: 2 satisfies Algorithm.Argon2id as Algorithm,
}
const PHC =
  /^\$(argon2id?)\$v=19\$m=([1-9]\d{0,9}),t=([1-9]\d{0,9}),p=([1-9]\d{0,9})\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/

/** OWASP's: each is as good as the others. */
const LEAST = [
  { memoryCost: 19_456, timeCost: 2 },
  { memoryCost: 47_104, timeCost: 1 },
  { memoryCost: 12_288, timeCost: 3 },
  { memoryCost: 9216, timeCost: 4 },
  { memoryCost: 7168, timeCost: 5 },
] as const
const MOST = { memoryCost: 262_144, timeCost: 32, parallelism: 16 }

/** @returns the parameters of a PHC string; undefined for anything else, and beyond the limits */
export function readPhc(phc: string): Argon2Parameters | undefined {
  const [, variety, memory, passes, lanes] = PHC.exec(phc) ?? []
  const [memoryCost, timeCost, parallelism] = [Number(memory), Number(passes), Number(lanes)]
  const isWithinLimits =
    memoryCost <= MOST.memoryCost && timeCost <= MOST.timeCost && parallelism <= MOST.parallelism
  if (!isWithinLimits) return undefined
  return { variety: variety as Argon2Variety, memoryCost, timeCost, parallelism }
}

/** Writes the parameters of a PHC string. */
export function describePhc(phc: string): string {
  const own = readPhc(phc)
  if (!own) throw new TypeError('not a PHC string of argon2')
  return `m=${own.memoryCost}, t=${own.timeCost}, p=${own.parallelism}`
}

/** Compares a password with a PHC string. */
export function verifyPhc(password: string, phc: string): Promise<boolean> {
  if (!readPhc(phc)) throw new TypeError('not a PHC string of argon2')
  return verify(phc, password)
}

/**
 * Makes a PHC string with 32 bytes of hash.
 *
 * @param own the row's parameters
 * @param salt 16 random bytes unless given
 */
export function hashPhc(
  password: string,
  variety: Argon2Variety,
  own: Argon2Parameters | undefined,
  salt?: string,
): Promise<string> {
  return hash(password, {
    algorithm: ALGORITHMS[own?.variety ?? variety],
    ...(own ? raise(own) : { ...LEAST[0], parallelism: 1 }),
    ...(salt !== undefined && { salt: Buffer.from(salt) }),
  })
}

/**
 * Writes the string that `hashPhc` would beside this one, of no password.
 *
 * @param saltBytes of the salt that it would be given
 */
export function draftPhc(phc: string, saltBytes = 16): string {
  const own = readPhc(phc)
  if (!own) throw new TypeError('not a PHC string of argon2')
  const { memoryCost, timeCost, parallelism } = raise(own)
  const blank = (bytes: number) => Buffer.alloc(bytes).toString('base64').replace(/=+$/, '')
  return `$${own.variety}$v=19$m=${memoryCost},t=${timeCost},p=${parallelism}$${blank(saltBytes)}$${blank(32)}`
}

function raise({ memoryCost, timeCost, parallelism }: Argon2Parameters) {
  const isEnough = LEAST.some(
    (least) => memoryCost >= least.memoryCost && timeCost >= least.timeCost,
  )
  if (isEnough) return { memoryCost, timeCost, parallelism }
  return {
    memoryCost: Math.max(memoryCost, LEAST[0].memoryCost),
    timeCost: Math.max(timeCost, LEAST[0].timeCost),
    parallelism,
  }
}
