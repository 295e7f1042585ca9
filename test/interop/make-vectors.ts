// Writes test/hashing/vectors.json anew with what the installed frameworks make: `npm run vectors`.
//
// What other versions have made stays in the file, so that several can stand side by side.

import { readFileSync, writeFileSync } from 'node:fs'
import { listPasswordFormatNames } from '../../src/core/password-formats.ts'
import { listPasswordFormats } from '../../src/hashing/registry.ts'
import type { Vector } from '../hashing/vectors.ts'
import { frameworks, type Job } from './frameworks.ts'
import { longest, longestForBcrypt, passwords } from './passwords.ts'

type Parameters = NonNullable<Job['parameters']>

const file = new URL('../hashing/vectors.json', import.meta.url)
const PEPPER = 'a pepper of the host application, as long as Devise makes them'

/** Parameters that cost less than the default ones, so that many vectors stay cheap to verify. */
const cheap: Readonly<Record<string, Readonly<Record<string, Parameters>>>> = {
  Django: {
    django_pbkdf2_sha256: { iterations: 1000 },
    django_pbkdf2_sha1: { iterations: 1000 },
    django_argon2: { memory_cost: 512, time_cost: 1, parallelism: 2 },
    django_bcrypt_sha256: { rounds: 4 },
    django_bcrypt: { rounds: 4 },
    django_scrypt: { work_factor: 1024, block_size: 8, parallelism: 1 },
  },
  Werkzeug: {
    werkzeug_scrypt: { method: 'scrypt:1024:8:1' },
    werkzeug_pbkdf2: { method: 'pbkdf2:sha256:1000' },
  },
  'argon2-cffi': {
    argon2id: { memory_cost: 512, time_cost: 1, parallelism: 2 },
    argon2i: { memory_cost: 512, time_cost: 3, parallelism: 1 },
  },
  "Python's bcrypt": { bcrypt: { rounds: 4 } },
  PHP: {
    bcrypt_2y: { cost: 4 },
    argon2id: { memory_cost: 512, time_cost: 1 },
    argon2i: { memory_cost: 512, time_cost: 3 },
  },
  "Ruby's bcrypt": { bcrypt: { cost: 4 } },
}

const special: readonly Job[] = [
  ...['sha1', 'sha512'].map((digest): Job => {
    const parameters = { method: `pbkdf2:${digest}:1000` }
    return { do: 'hash', format: 'werkzeug_pbkdf2', password: passwords.plain, parameters }
  }),
  {
    do: 'hash',
    format: 'django_argon2',
    password: passwords.plain,
    parameters: { argon2i: true, memory_cost: 512, time_cost: 3, parallelism: 1 },
  },
]

function jobsFor(framework: string, format: string): Job[] {
  const isBcrypt = listPasswordFormats().find(({ name }) => name === format)?.maxBytes === 72
  const isDevise = framework.startsWith('Ruby')
  const words = [...Object.values(passwords), isBcrypt ? longestForBcrypt : longest]
  const parameters = cheap[framework]?.[format]
  const jobs = words.map((password, index): Job => {
    // The first one with the framework's own parameters.
    const own = index === 0 || !parameters ? {} : { parameters }
    return { do: 'hash', format, password, ...own }
  })
  const peppered = jobs.map((job): Job => ({ ...job, pepper: PEPPER }))
  const others = framework === 'Django' || framework === 'Werkzeug' ? special : []
  return [...jobs, ...(isDevise ? peppered : []), ...others.filter((job) => job.format === format)]
}

const kept: Vector[] = JSON.parse(readFileSync(file, 'utf8'))
const made: Vector[] = []
for (const { name, run } of frameworks) {
  const { formats, version } = await run([])
  const jobs = formats.flatMap((format) => jobsFor(name, format))
  const { answers } = await run(jobs)
  for (const [index, { format, password, pepper }] of jobs.entries()) {
    const hash = String(answers[index])
    const madeBy = `${name} ${version}`
    made.push({ format, madeBy, password, ...(pepper !== undefined && { pepper }), hash })
  }
}
const makers = new Set(made.map(({ madeBy }) => madeBy))
const others = kept.filter(({ madeBy }) => !makers.has(madeBy))
const order: readonly string[] = listPasswordFormatNames()
const all = [...others, ...made].sort(
  (a, b) =>
    order.indexOf(a.format) - order.indexOf(b.format) ||
    (a.madeBy < b.madeBy ? -1 : Number(a.madeBy > b.madeBy)),
)
writeFileSync(file, `${JSON.stringify(all, null, 2)}\n`)
