// The characters that no text may have, in the words of Django REST framework.

import type { FieldFault } from '../errors.ts'

/** What a text without them matches, with JSON Schema's flag `u`. */
export const GOOD_CHARACTERS = '^[^\\0\\p{Cs}]*$'

/** @returns a fault for each kind of them that a text has, in its order */
export function judgeCharacters(text: string): Omit<FieldFault, 'field'>[] {
  const faults: Omit<FieldFault, 'field'>[] = []
  if (text.includes('\0')) {
    const detail = 'Null characters are not allowed.'
    faults.push({ code: 'null_characters_not_allowed', detail })
  }
  if (!text.isWellFormed()) {
    const lone = /\p{Cs}/u.exec(text)?.[0] ?? ''
    const name = lone.charCodeAt(0).toString(16).toUpperCase()
    const detail = `Surrogate characters are not allowed: U+${name}.`
    faults.push({ code: 'surrogate_characters_not_allowed', detail })
  }
  return faults
}
