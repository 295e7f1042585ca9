// For formats that put a name before a string that other formats have too.

/** Reads what follows a prefix; nothing, as an empty text, where the hash does not begin with it. */
export function readAfter(prefix: string, passwordHash: string): string {
  return passwordHash.startsWith(prefix) ? passwordHash.slice(prefix.length) : ''
}
