// What docs/coming-from-django.md names exists.

import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EnvironmentSchema } from '../src/config/environment.ts'

const page = readFileSync(new URL('../docs/coming-from-django.md', import.meta.url), 'utf8')
const rows = [...page.matchAll(/^\| (?<setting>.+) \| (?<here>.+) \| (?<verdict>.*) \|$/gm)]
  .map(({ groups }) => groups ?? {})
  .filter(({ here }) => here !== 'here')
/** Written as variables are, with a value or not. */
const VARIABLE = /`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)(?:=[^`]*)?`/g
const variablesIn = (text: string) => [...text.matchAll(VARIABLE)].map(([, name = '']) => name)

test('every variable of Rekey that it names is one', () => {
  // In the first column, and in the prose that says what to delete, stand settings of others.
  const prose = page.replace(/^\|.*$/gm, '')
  const others = new Set(rows.flatMap(({ setting = '' }) => variablesIn(setting)))
  const ours = [
    ...rows.flatMap(({ here = '', verdict = '' }) => variablesIn(here + verdict)),
    ...variablesIn(prose).filter((name) => !others.has(name)),
  ]
  const known = Object.keys(EnvironmentSchema.properties)
  expect(ours.filter((name) => !known.includes(name))).toEqual([])
})

test('every row says whether a setting is the same, safer or other and how, or not there and why', () => {
  const vague = rows.filter(
    ({ here, verdict = '' }) =>
      !/^(?:same|(?:safer|other): .+|not\b.*: .+)/.test(verdict) && !here?.startsWith('see '),
  )
  expect(vague).toEqual([])
  const bare = rows.filter(({ here, verdict = '' }) => here === '-' && !verdict.startsWith('not: '))
  expect(bare).toEqual([])
})

test('every file that it links to exists', () => {
  const links = [...page.matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)].map(([, file]) => file)
  const missing = links.filter(
    (file = '') => !existsSync(new URL(`../docs/${file}`, import.meta.url)),
  )
  expect(missing).toEqual([])
})
