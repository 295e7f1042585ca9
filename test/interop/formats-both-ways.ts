// What Rekey writes is taken by the host frameworks' own code, and what they write by Rekey.

import { afterAll, describe, expect, test } from 'vitest'
import { createHashLine } from '../../src/hashing/hash-line.ts'
import { createHasher } from '../../src/hashing/hasher.ts'
import { listPasswordFormats } from '../../src/hashing/registry.ts'
import type { Hasher } from '../../src/ports.ts'
import { vectorsOnly } from '../hashing/vectors.ts'
import { type Answers, type Framework, frameworks, type Job } from './frameworks.ts'
import { longest, longestForBcrypt, passwords } from './passwords.ts'

const PEPPER = 'a pepper of the host application'
const line = createHashLine(2, 1000)
const proven: string[] = []
const notAsked: string[] = []

afterAll(() => {
  process.stdout.write(`\nproven: ${proven.join(', ')}\n`)
  process.stdout.write(`vectors only: ${notAsked.join(', ') || 'none'}\n`)
})

test('some framework is asked about every format', () => {
  const asked = new Set(frameworks.flatMap(({ formats }) => formats))
  expect([...asked].sort()).toEqual(
    listPasswordFormats()
      .map(({ name }) => name)
      .sort(),
  )
})

describe.each(frameworks)('$name', (framework) => {
  test.each(framework.formats)('reads and writes %s as Rekey does', async (name) => {
    const { formats, version } = await framework.run([])
    if (formats.includes(name)) {
      await bothWays(framework, name, '')
      proven.push(`${name} (${framework.name} ${version})`)
    } else {
      // Newer than the installed version.
      expect(vectorsOnly).toContain(name)
      notAsked.push(`${name} (${framework.name} ${version} does not know it)`)
    }
  })
})

test('Ruby appends a pepper as Rekey does, and cuts both together', async () => {
  const ruby = frameworks.find(({ name }) => name.startsWith('Ruby'))
  if (!ruby) throw new Error('no Ruby')
  await bothWays(ruby, 'bcrypt', PEPPER)
  await bothWays(ruby, 'bcrypt', 'p'.repeat(128))
})

async function bothWays(framework: Framework, name: string, pepper: string): Promise<void> {
  const formats = listPasswordFormats(pepper)
  const format = formats.find((each) => each.name === name)
  if (!format) throw new Error(`no format ${name}`)
  const words = [...Object.values(passwords), format.maxBytes ? longestForBcrypt : longest]
  const ask = async (jobs: readonly Omit<Job, 'format' | 'pepper'>[]): Promise<Answers> =>
    framework.run(jobs.map((job) => ({ ...job, format: name, ...(pepper && { pepper }) })))

  // The costs are the real ones, so only two of the words go all the ways.
  const few = [passwords.decomposed, words.at(-1) ?? '']
  const theirs = await ask(few.map((password) => ({ do: 'hash', password })))
  const stored = few.map((password, index) => ({ password, hash: String(theirs.answers[index]) }))
  for (const { password, hash } of stored) {
    expect(format.recognise(hash), hash).toBe(true)
    expect(await format.verify(password, hash), password).toBe(true)
    expect(await format.verify(otherThan(password), hash), password).toBe(false)
  }

  // As PASSWORD_HASH=auto writes beside the framework's row, and as a named format without a row.
  const auto = createHasher({ formats, named: undefined, requireUsable: true }, line)
  const named = createHasher({ formats, named: format, requireUsable: false }, line)
  const write = async (hasher: Hasher, password: string, row: string | null) => ({
    password,
    hash: await hasher.hash(password, row),
  })
  const written = await Promise.all([
    ...stored.map(({ password, hash }) => write(auto, password, hash)),
    ...words.map((password) => write(named, password, null)),
  ])
  const right = await ask(written.map((each) => ({ do: 'verify', ...each })))
  expect(right.answers).toEqual(written.map(() => true))
  const others = written.slice(0, few.length + 1)
  const wrong = await ask(
    others.map(({ hash, password }) => ({ do: 'verify', hash, password: otherThan(password) })),
  )
  expect(wrong.answers).toEqual(others.map(() => false))
}

/** Not a byte longer. */
function otherThan(password: string): string {
  return `x${[...password].slice(1).join('')}`
}
