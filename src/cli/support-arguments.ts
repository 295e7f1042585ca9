// Reads what a command for support staff was asked.

import { parseArgs } from 'node:util'
import { isPrintable, MAX_IDENTIFIER_LENGTH, trimIdentifier } from '../core/email-address.ts'

/** Whom it is about, and its one flag. */
export interface SupportArguments {
  /** An address, a login or an id. */
  readonly name: string
  readonly hasFlag: boolean
}

/**
 * Reads arguments: `[--flag] <address, login or id>`.
 *
 * @returns undefined for others, and for a name that no request could hold either
 */
export function readArguments(args: readonly string[], flag: string): SupportArguments | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { [flag]: { type: 'boolean' } },
    })
    const name = positionals.length === 1 ? readName(positionals[0] ?? '') : undefined
    return name === undefined ? undefined : { name, hasFlag: values[flag] === true }
  } catch {
    return undefined
  }
}

function readName(typed: string): string | undefined {
  const text = trimIdentifier(typed)
  const fits = text !== '' && [...text].length <= MAX_IDENTIFIER_LENGTH && isPrintable(text)
  return fits ? text : undefined
}
