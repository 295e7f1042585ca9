// Holds what was typed behind a command's name against what the command takes.

import { parseArgs } from 'node:util'
import type { Usage } from './usages.ts'

/** What a command was asked, as its usage allows it. */
export interface Asked {
  /** Empty where none was given, which a usage has to allow. */
  readonly argument: string
  /** Names of the options that were given. */
  readonly options: ReadonlySet<string>
}

const HELP = ['help', 'h']

/**
 * Reads arguments. A value that begins with `-` goes behind a `--`.
 *
 * @returns what is asked, `help` where that is asked for, or what is wrong, without repeating a value:
 *   it may be a password
 */
export function readArguments(
  usage: Usage,
  args: readonly string[],
): { readonly asked: Asked } | 'help' | { readonly fault: string } {
  const known = Object.keys(usage.options ?? {})
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(known.map((name) => [name, { type: 'boolean' }])),
  })
  const options = tokens.filter((token) => token.kind === 'option')
  if (options.some(({ name }) => HELP.includes(name))) return 'help'
  const unknown = options.find(({ name }) => !known.includes(name))
  if (unknown) {
    const advice = usage.argument ? '; an argument that begins with - goes behind --' : ''
    return { fault: `has no option ${unknown.rawName}${advice}` }
  }
  const valued = options.find(({ value }) => value !== undefined)
  if (valued) return { fault: `${valued.rawName} takes no value` }

  const [typed, ...extra] = tokens.flatMap((token) =>
    token.kind === 'positional' ? token.value : [],
  )
  const { argument } = usage
  if (!argument && typed !== undefined) return { fault: 'takes no arguments' }
  if (extra.length > 0) return { fault: 'takes one argument; put quotes around one with blanks' }
  const read = typed === undefined ? undefined : argument?.read(typed)
  if (argument && read === undefined && (argument.isRequired || typed !== undefined)) {
    return { fault: typed === undefined ? 'needs an argument' : 'cannot take this argument' }
  }
  const names = new Set(options.map(({ name }) => name))
  return { asked: { argument: read ?? '', options: names } }
}
