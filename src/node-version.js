// Which Node Rekey needs. Plain JavaScript, of a kind that the oldest Node reads: TypeScript would fail
// there before it could say a word.

const LEAST_MAJOR = 26

/**
 * Says what is wrong with a version of Node, in one line.
 *
 * @param {string} version as process.versions.node has it
 * @returns {string | undefined} undefined for one that is new enough
 */
export function explainOldNode(version) {
  if (Number.parseInt(version, 10) >= LEAST_MAJOR) return undefined
  return `Rekey needs Node ${LEAST_MAJOR} or newer, and this is ${version}: install it from https://nodejs.org, or run npm ci without --omit=optional, which brings it on Linux, Windows (x64) and macOS (Apple silicon)`
}
