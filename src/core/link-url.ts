// How a link is written into the operator's URL.

import { spellOutReferences } from './character-references.ts'
import { formatDjangoToken } from './django-token.ts'
import type { Link } from './link.ts'
import { encodeUid, formatToken } from './token.ts'

/** Writes a link into the operator's URL. */
export type LinkUrl = (link: Link) => string

const PLACEHOLDER = /\{([^{}]*)\}/g

const VALUES: Readonly<Record<string, (link: Link) => string>> = {
  user_id: (link) => link.userId,
  timestamp: (link) => link.timestamp,
  signature: (link) => link.signature,
  token: formatToken,
  uid: (link) => encodeUid(link.userId),
  django_token: formatDjangoToken,
}

/** Which of them make a link, sorted. */
const SETS = ['signature,timestamp,user_id', 'token', 'token,uid', 'django_token,uid']

/**
 * Reads RESET_PAGE_URL as a template. Without placeholders the three values go first into its query,
 * in an order in which no mail client can read `&timestamp` as `×tamp`.
 *
 * @param template an absolute URL; its scheme and host are not judged here
 * @throws TypeError saying what is wrong with the template
 */
export function compileLinkUrl(template: string): LinkUrl {
  const names = placeholders(template)
  if (!names.every((name) => Object.hasOwn(VALUES, name))) {
    const known = Object.keys(VALUES).map((name) => `{${name}}`)
    throw new TypeError(`has a placeholder that is none of ${known.join(', ')}`)
  }

  const fragment = template.split('#').slice(1).join('#')
  if (template.includes('#') && placeholders(fragment).length === 0) {
    throw new TypeError('a fragment needs placeholders, such as #token={token}')
  }
  if (/&(?:amp;)?timestamp/.test(template)) {
    throw new TypeError('some mail clients turn &timestamp= into ×tamp=: put timestamp first')
  }
  if (names.length === 0) return compileLinkUrl(putValuesFirst(template))

  const set = [...names].sort().join()
  if (!SETS.includes(set)) {
    throw new TypeError(
      'placeholders are {user_id}, {timestamp} and {signature}, or {token} with or without {uid}, or {django_token} with {uid}, once each',
    )
  }
  const afterOrigin = template.replace(/^[^:/?#]+:\/\/[^/?#]*/, '')
  if (placeholders(afterOrigin).length !== names.length) {
    throw new TypeError('a placeholder cannot stand in the origin')
  }
  const spelled = spellOutReferences(template)
  return (link) =>
    spelled.replace(PLACEHOLDER, (_, name: string) => encode(VALUES[name]?.(link) ?? ''))
}

function putValuesFirst(template: string): string {
  const [base = '', query] = template.split(/\?(.*)/s)
  const present = new URLSearchParams(query)
  const taken = Object.keys(VALUES).find((name) => present.has(name))
  if (taken !== undefined) throw new TypeError(`its query already has a ${taken}, as the link has`)
  const rest = query ? `&${query}` : ''
  return `${base}?timestamp={timestamp}&user_id={user_id}&signature={signature}${rest}`
}

// What encodeURIComponent leaves of these, mail programs take for the end of a link.
function encode(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

function placeholders(template: string): string[] {
  return [...template.matchAll(PLACEHOLDER)].map((match) => match[1] ?? '')
}
