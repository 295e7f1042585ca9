// Says whether a name may be another one with a typing error.

/** Says whether two names differ by one letter too many, too few, wrong, or two swapped. */
export function isOneTypingErrorAway(a: string, b: string): boolean {
  const shorter = Math.min(a.length, b.length)
  let start = 0
  while (start < shorter && a[start] === b[start]) start += 1
  let end = 0
  while (end < shorter - start && a.at(-1 - end) === b.at(-1 - end)) end += 1
  const left = a.slice(start, a.length - end)
  const right = b.slice(start, b.length - end)
  const isSwap = left.length === 2 && left === [...right].reverse().join('')
  return isSwap || (left.length <= 1 && right.length <= 1)
}
