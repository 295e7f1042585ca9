// The variables of the schema are the ones that .env.example and the README explain, in the same words.

import { readFileSync } from 'node:fs'
import type { TSchema } from '@sinclair/typebox'
import { expect, test } from 'vitest'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { listPasswordFormatNames } from '../../src/core/password-formats.ts'

interface Explained {
  readonly name: string
  readonly meaning: string
  /** Undefined where none is the same for everybody. */
  readonly byDefault: string | undefined
}

const schemas = Object.entries<TSchema>(EnvironmentSchema.properties)
const expected = schemas.map(([name, schema]): Explained => {
  const meaning = `${schema.description}${rangeOf(schema)}`
  const byDefault = schema.default === undefined ? undefined : String(schema.default)
  return { name, meaning, byDefault }
})

function rangeOf({ type, minimum, maximum, anyOf }: TSchema): string {
  if (type === 'integer') return ` (${minimum} to ${maximum})`
  return anyOf ? ` (${anyOf.map((literal: TSchema) => literal['const']).join(', ')})` : ''
}

function read(file: string): string {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8')
}

function sorted(explained: readonly Explained[]): Explained[] {
  return explained.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const fixed = new Map(expected.map(({ name, byDefault }) => [name, byDefault]))

test('.env.example explains every variable exactly once, with its default', () => {
  const entries = read('.env.example').matchAll(/^# (.+)\n(# )?([A-Z][A-Z0-9_]*)=(.*)$/gm)
  const written = [...entries].map(([, meaning = '', isOff, name = '', value]): Explained => {
    // What is to be filled in shows an example instead.
    const byDefault = isOff && fixed.get(name) !== undefined ? value : fixed.get(name)
    return { name, meaning, byDefault }
  })
  expect(sorted(written)).toEqual(sorted(expected))
})

test('the table of the README explains every variable exactly once, with its default', () => {
  const rows = read('README.md').matchAll(/^\| `([A-Z][A-Z0-9_]*)` \| (.+?) \| (.+) \|$/gm)
  const written = [...rows].map(([, name = '', cell = '', meaning = '']): Explained => {
    const byDefault = fixed.get(name) === undefined ? undefined : cell.replaceAll('`', '')
    return { name, meaning: meaning.replace('`<address>`', '<address>'), byDefault }
  })
  expect(sorted(written)).toEqual(sorted(expected))
})

test.each(['.env.example', 'docs/password-formats.md'])(
  '%s names every format of PASSWORD_HASH',
  (file) => {
    const words = new Set(read(file).match(/\w+/g))
    expect(listPasswordFormatNames().filter((name) => !words.has(name))).toEqual([])
  },
)
