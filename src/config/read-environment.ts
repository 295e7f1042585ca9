// Reads the environment's variables by their schema, and gathers what is wrong with them.

import { readFileSync } from 'node:fs'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { isOneTypingErrorAway } from '../core/typing-error.ts'
import { messageOf } from '../errors.ts'
import { type Environment, EnvironmentSchema } from './environment.ts'
import type { Preset } from './presets/preset.ts'
import { type PresetName, presetNames, presets } from './presets/presets.ts'
import { rekey } from './presets/rekey.ts'
import { findSpellingFault, mayHoldComment, type Spelling } from './spelling.ts'

/** What reading gave. */
export interface EnvironmentReading {
  /** Complete only without faults: a variable with one has its default, or nothing, here. */
  readonly environment: Environment
  /** What is wrong with a variable, by its name; never with its value. */
  readonly faults: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
  /** Names of variables that are present but empty, and so count as not set. */
  readonly empty: readonly string[]
}

const variables: Readonly<Record<string, TSchema>> = EnvironmentSchema.properties

/** Reads every variable, from NAME or from the file that NAME_FILE names. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentReading {
  const faults = new Map<string, string>()
  const warnings = nearMisses(Object.keys(env))
  const empty: string[] = []
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(variables)) {
    let value: string | undefined
    try {
      value = readValue(env, name)
    } catch (error) {
      faults.set(name, messageOf(error))
    }
    // Compose files and templates leave variables empty rather than unset.
    if (!value) {
      empty.push(...[name, `${name}_FILE`].filter((each) => env[each] === ''))
      continue
    }
    const spelling: Spelling = schema['spelling'] ?? schema['items']?.spelling ?? 'line'
    const fault = findFault(value, schema, spelling)
    if (fault) faults.set(name, fault)
    if (mayHoldComment(value, spelling)) {
      warnings.push(
        `${name}: has a # between blanks: if a comment begins there, give it its own line`,
      )
    }
    values[name] = parse(value, schema)
  }
  const preset: Readonly<Record<string, string>> = presetOf(values['USERS_PRESET']).variables
  for (const [name, schema] of Object.entries(variables)) {
    if (preset[name] !== undefined) values[name] ??= parse(preset[name], schema)
  }
  for (const error of Value.Errors(
    EnvironmentSchema,
    Value.Default(EnvironmentSchema, { ...values }),
  )) {
    const [, name = '', ...inside] = error.path.split('/')
    if (faults.has(name)) continue
    const isMissing = values[name] === undefined
    faults.set(name, isMissing ? 'is required' : explain(variables[name], inside))
  }
  for (const name of faults.keys()) delete values[name]
  const environment = Value.Default(EnvironmentSchema, values) as Environment
  return { environment, faults, warnings, empty }
}

/**
 * @returns undefined or empty where there is none
 * @throws TypeError when it is set twice, or its file is no good
 */
function readValue(
  env: Readonly<Record<string, string | undefined>>,
  name: string,
): string | undefined {
  const [value, file] = [env[name], env[`${name}_FILE`]]
  if (!file) return value
  if (value) throw new TypeError(`set it or ${name}_FILE, not both`)
  const fault = findSpellingFault(file, 'line')
  if (fault) throw new TypeError(`the path in ${name}_FILE ${fault}`)
  let content: string
  try {
    content = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
  } catch {
    throw new TypeError(`the file that ${name}_FILE names cannot be read`)
  }
  if (content === '') throw new TypeError(`the file that ${name}_FILE names is empty`)
  return content
}

/** Finds what is wrong with a value as it was written. Of a list every entry counts. */
function findFault(value: string, schema: TSchema, spelling: Spelling): string | undefined {
  if (schema['type'] !== 'array') return findSpellingFault(value, spelling)
  // Between its entries a list may have line breaks.
  const fault = findSpellingFault(value, 'opaque')
  if (fault) return fault
  const [ofEntry] = splitList(value).flatMap((entry) => findSpellingFault(entry, spelling) ?? [])
  return ofEntry && `has an entry that ${ofEntry}`
}

function splitList(value: string): string[] {
  return value.split(',').map((entry) => entry.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, ''))
}

function presetOf(name: unknown): Preset {
  return presetNames.includes(name as PresetName) ? presets[name as PresetName] : rekey
}

function parse(value: string, schema: TSchema): unknown {
  if (schema['type'] === 'integer') return /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (schema['type'] === 'boolean') return { true: true, false: false }[value] ?? value
  if (schema['type'] === 'array') return splitList(value)
  return value
}

function explain(schema: TSchema | undefined, inside: readonly string[]): string {
  if (schema?.['type'] === 'integer') {
    return `must be a whole number from ${schema['minimum']} to ${schema['maximum']}`
  }
  if (schema?.['type'] === 'boolean') return 'must be true or false'
  if (schema?.['anyOf']) {
    const literals: readonly { const: string }[] = schema['anyOf']
    return `must be one of ${literals.map((literal) => literal.const).join(', ')}`
  }
  if (schema?.['expected']) return `must be ${schema['expected']}`
  return inside.length > 0 ? 'has an empty entry between commas' : 'must not be empty'
}

function nearMisses(names: readonly string[]): string[] {
  const known = Object.keys(variables).flatMap((name) => [name, `${name}_FILE`])
  return names
    .filter((name) => !known.includes(name))
    .flatMap((name) => {
      const meant = known.find((candidate) => isOneTypingErrorAway(name, candidate))
      return meant ? [`${name} is not a variable of Rekey; was ${meant} meant?`] : []
    })
}
