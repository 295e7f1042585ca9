// The page that counts the re-created cases is what the cases say.

import { expect, test } from 'vitest'
import { djRestAuth } from './cases/dj-rest-auth.ts'
import { django } from './cases/django.ts'
import { djangoRestPasswordreset } from './cases/django-rest-passwordreset.ts'
import { djangoRestRegistration } from './cases/django-rest-registration.ts'
import { registrationWire } from './cases/registration-wire.ts'
import { describeSuites } from './describe-suites.ts'

const suites = [
  djangoRestRegistration,
  registrationWire,
  djangoRestPasswordreset,
  djRestAuth,
  django,
]

test('docs/suites.md counts every case', async () => {
  await expect(describeSuites(suites)).toMatchFileSnapshot('../../docs/suites.md')
})

test.each(suites)('no two cases of $system have one name', ({ cases, withoutWire }) => {
  const names = [...cases, ...withoutWire].map(({ name }) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})
