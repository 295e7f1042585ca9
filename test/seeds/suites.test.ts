// No case of the originals is missing, none is invented, and the page that counts them is what they say.

import { expect, test } from 'vitest'
import { djRestAuth } from './cases/dj-rest-auth.ts'
import { django } from './cases/django.ts'
import { djangoRestPasswordreset } from './cases/django-rest-passwordreset.ts'
import { djangoRestRegistration } from './cases/django-rest-registration.ts'
import { describeSuites } from './describe-suites.ts'
import { differences } from './differences.ts'
import originals from './originals/cases.json' with { type: 'json' }
import { replyDifferences } from './replies/differences.ts'
import { requests } from './replies/requests.ts'

const sentences: ReadonlySet<string> = new Set(differences)
const suites = [djangoRestRegistration, djangoRestPasswordreset, djRestAuth, django]
const listed: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = originals

test.each(suites)('$system: every case is there once, and no other', (suite) => {
  const ours = [...suite.cases, ...suite.withoutWire].map(({ file, name }) => `${file}::${name}`)
  const theirs = Object.entries(listed[suite.system] ?? {}).flatMap(([file, names]) =>
    names.map((name) => `${file}::${name}`),
  )
  expect(ours.toSorted()).toEqual(theirs.toSorted())
})

test('every deliberate difference is one sentence of the contract', () => {
  expect(new Set(differences).size).toBe(differences.length)
})

test('docs/suites.md counts every case', async () => {
  const rules = [...replyDifferences.values()].map(({ rule }) => rule)
  const deliberate = rules.filter((rule) => sentences.has(rule)).length
  const page = describeSuites(suites, {
    requests: requests.length,
    same: requests.length - rules.length,
    deliberate,
    native: rules.length - deliberate,
  })
  await expect(page).toMatchFileSnapshot('../../docs/suites.md')
})
