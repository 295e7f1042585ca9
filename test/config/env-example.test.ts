// The variables of the schema are the ones that .env.example and the README explain, no more, no less.

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { listPasswordFormats } from '../../src/hashing/registry.ts'

const names = Object.keys(EnvironmentSchema.properties).sort()

function readLines(file: string): string[] {
  return readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8').split('\n')
}

test('.env.example has every variable exactly once', () => {
  const written = readLines('.env.example').flatMap((line) =>
    [...line.matchAll(/^(?:# ?)?([A-Z][A-Z0-9_]*)=/g)].map((match) => match[1]),
  )
  expect(written.sort()).toEqual(names)
})

test('the table of the README has every variable exactly once', () => {
  const written = readLines('README.md')
    .filter((line) => /^\| `[A-Z]/.test(line))
    .flatMap((line) => [...(line.split('|')[1] ?? '').matchAll(/`([A-Z][A-Z0-9_]*)`/g)])
    .map((match) => match[1])
  expect(written.sort()).toEqual(names)
})

test.each(['.env.example', 'README.md'])('%s names every format of PASSWORD_HASH', (file) => {
  const words = new Set(readLines(file).flatMap((line) => line.match(/\w+/g) ?? []))
  expect(listPasswordFormats().filter(({ name }) => !words.has(name))).toEqual([])
})
