// The shape of a stored hash that holds salt and key and nothing else.

// In Node's tutorials a colon or a dot is between the two, and either may come first.
const BARE = /^[0-9a-f]{16,}[:.$][0-9a-f]{32,}$|^[0-9a-f]{32,}[:.$][0-9a-f]{16,}$/i

/**
 * Says whether a stored hash is two hexadecimal numbers, as long as a salt and a key. Nothing in it tells
 * which function made the key, by which parameters, so no format can be recognised by it.
 */
export function isBareKey(passwordHash: string): boolean {
  return BARE.test(passwordHash)
}
