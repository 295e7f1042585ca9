// Finds what got into a value by accident: the quotes that docker's --env-file keeps,
// the carriage returns of a file edited on Windows, blanks and invisible characters from a clipboard.

/**
 * What a variable may hold besides plain text.
 * `line`: nothing. `table`: double quotes around it. `opaque`: control characters within.
 * `free`: anything, since SQL and PEM may begin and end as they like.
 */
export type Spelling = 'line' | 'table' | 'opaque' | 'free'

const QUOTED = /^(?:".*"|'.*'|`.*`|[“”].*[“”]|[‘’].*[‘’])$/s
// Joiners and marks of direction are of no use at an end, and come with what is copied from a page.
const EDGE =
  '[\\s\\p{Cc}\\u00ad\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2064\\u2066-\\u2069\\ufeff]'
const FIRST = new RegExp(`^${EDGE}`, 'u')
const LAST = new RegExp(`${EDGE}$`, 'u')
const CONTROL = /\p{Cc}/u
const COMMENT = /\s#\s/

const names: Readonly<Record<string, string>> = {
  ' ': 'a blank',
  '\t': 'a tab',
  '\n': 'a line break',
  '\r': 'a carriage return',
  '\u00a0': 'a no-break space',
  '\ufeff': 'a byte order mark',
}

/**
 * @param text not empty
 * @returns what is wrong, without the value
 */
export function findSpellingFault(text: string, spelling: Spelling): string | undefined {
  if (spelling === 'free') return undefined
  if (QUOTED.test(text) && !(spelling === 'table' && text.startsWith('"'))) {
    return "stands in quotes, which would be part of it: leave them out; docker's --env-file keeps them"
  }
  const [first] = FIRST.exec(text) ?? []
  if (first) return `begins with ${nameOf(first)}: leave it out`
  const [last] = LAST.exec(text) ?? []
  if (last) return `ends with ${nameOf(last)}: leave it out`
  const [control] = (spelling !== 'opaque' && CONTROL.exec(text)) || []
  return control && `has ${nameOf(control)} in it: leave it out`
}

/** Says whether a comment may have been left in a value that is one line. */
export function mayHoldComment(text: string, spelling: Spelling): boolean {
  return spelling !== 'free' && COMMENT.test(text)
}

function nameOf(character: string): string {
  const code = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  const kind = CONTROL.test(character) ? 'a control' : 'an invisible'
  return names[character] ?? `${kind} character (U+${code})`
}
