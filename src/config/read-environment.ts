// Reads the environment's variables by their schema, and gathers what is wrong with them.

import { readFileSync } from 'node:fs'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { isOneTypingErrorAway } from '../core/typing-error.ts'
import { type Environment, EnvironmentSchema } from './environment.ts'
import type { Preset } from './presets/preset.ts'
import { type PresetName, presetNames, presets } from './presets/presets.ts'
import { rekey } from './presets/rekey.ts'

/** What reading gave. */
export interface EnvironmentReading {
  /** Complete only without faults: a variable with one has its default, or nothing, here. */
  readonly environment: Environment
  /** What is wrong with a variable, by its name; never with its value. */
  readonly faults: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

const variables: Readonly<Record<string, TSchema>> = EnvironmentSchema.properties

/** Reads every variable, from NAME or from the file that NAME_FILE names. */
export function readEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): EnvironmentReading {
  const faults = new Map<string, string>()
  const values: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(variables)) {
    const file = env[`${name}_FILE`]
    let value = env[name]
    if (value && file) faults.set(name, `set it or ${name}_FILE, not both`)
    if (file && !value) {
      try {
        value = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
        if (value === '') faults.set(name, `the file that ${name}_FILE names is empty`)
      } catch {
        faults.set(name, `the file that ${name}_FILE names cannot be read`)
      }
    }
    // Compose files and templates leave variables empty rather than unset.
    if (value) values[name] = parse(value, schema)
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
  return { environment, faults, warnings: nearMisses(Object.keys(env)) }
}

function presetOf(name: unknown): Preset {
  return presetNames.includes(name as PresetName) ? presets[name as PresetName] : rekey
}

function parse(value: string, schema: TSchema): unknown {
  if (schema['type'] === 'integer') return /^-?\d{1,15}$/.test(value) ? Number(value) : value
  if (schema['type'] === 'boolean') return { true: true, false: false }[value] ?? value
  if (schema['type'] === 'array') return value.split(',').map((part) => part.trim())
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
