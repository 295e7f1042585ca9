// Reads DIALECTS: which ones are turned on, and where, so that no two routes are in one place.

import { type DialectName, dialects, nativePaths, type SpokenDialect } from '../core/dialects.ts'
import { parseBasePath } from './values.ts'

const names = Object.keys(dialects) as readonly DialectName[]
const AROUND_THE_API = /^\/(?:livez|readyz|outbox|reset)(?:\/|$)/

/**
 * @param entries `name` or `name=/prefix` each
 * @param basePath undefined where it cannot be read itself
 * @throws TypeError with what they must be
 */
export function parseDialects(
  entries: readonly string[],
  basePath: string | undefined,
): SpokenDialect[] {
  const spoken = entries.map(parseDialect)
  const claims = spoken.map(({ name, prefix }) => claim(prefix, dialects[name].paths))
  if (basePath !== undefined) claims.push(claim(basePath, nativePaths))
  const claimed = claims.flatMap((paths) => [...paths])
  const isAround = spoken.some(({ prefix }) => AROUND_THE_API.test(prefix))
  if (isAround || new Set(claimed).size < claimed.length) {
    throw new TypeError(
      'has a prefix where something else is: BASE_PATH, another of these prefixes, /reset, /livez, /readyz or /outbox',
    )
  }
  return spoken
}

/** @returns what frontends of the dialects would look for in vain in a link of this template */
export function findMissingPlaceholder(
  spoken: readonly SpokenDialect[],
  resetPageUrl: string,
): string | undefined {
  return spoken
    .flatMap(({ name }): readonly (readonly string[])[] => dialects[name].placeholders)
    .find((forms) => !forms.some((form) => resetPageUrl.includes(form)))?.[0]
}

/** Says whether links of this template hold a `{django_token}` that what reads them may not take. */
export function hasUntakenToken(
  spoken: readonly SpokenDialect[],
  hasOwnPages: boolean,
  resetPageUrl: string,
): boolean {
  const isTaken = !hasOwnPages && spoken.some(({ name }) => name === 'dj-rest-auth')
  return resetPageUrl.includes('{django_token}') && !isTaken
}

function parseDialect(entry: string): SpokenDialect {
  const [text = '', ...rest] = entry.split('=')
  const name = names.find((known) => known === text.trim())
  if (name === undefined) {
    throw new TypeError('must be rest-passwordreset, dj-rest-auth or both, separated by a comma')
  }
  if (rest.length === 0) return { name, prefix: dialects[name].prefix }
  return { name, prefix: parsePrefix(rest.join('=').trim()) }
}

function parsePrefix(text: string): string {
  const expected = 'must have prefixes such as dj-rest-auth=/rest-auth'
  try {
    const prefix = parseBasePath(text)
    if (prefix !== '') return prefix
  } catch {}
  throw new TypeError(expected)
}

/** The prefix itself is one of the places that it takes. */
function claim(prefix: string, paths: readonly string[]): ReadonlySet<string> {
  return new Set([prefix, ...paths.map((path) => prefix + path)])
}
