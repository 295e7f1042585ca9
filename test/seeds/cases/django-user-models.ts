// Django's test_views.py: the whole way for users of other models.

import { expect } from 'vitest'
import { INVALID_LINK, RESET, VALID_LINK } from '../../support/answers.ts'
import { sealedLink } from '../../support/links.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, type IdType, type StoredUser } from '../../support/users.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { newPassword } from '../world.ts'

type Case = Omit<SeedCase, 'file'>

const FILE = 'tests/auth_tests/test_views.py'

/** A users table of another shape, and Rekey beside it. */
async function withUsers(
  idType: IdType,
  work: (service: TestService, user: StoredUser) => Promise<void>,
): Promise<void> {
  const surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, idType)
  const service = await startService(surroundings)
  await work(service, await addUser(surroundings.database.sql))
  await service.stop()
  await surroundings.end()
}

async function expectFullFlow(service: TestService, { email }: StoredUser): Promise<void> {
  const { url: _, ...link } = await service.mailedLink(email)
  expect((await service.post('check-reset-link', link)).answer).toMatch(VALID_LINK)
  const { answer } = await service.post('reset-password', { ...link, password: newPassword })
  expect(answer).toBe(RESET)
}

const uuidCases: readonly Case[] = [
  {
    name: 'test_confirm_valid_custom_user',
    run: () => withUsers('uuid', expectFullFlow),
  },
  {
    name: 'test_confirm_invalid_uuid',
    means: 'a uid that is no id of this table is an invalid link, though the seal were genuine',
    run: () =>
      withUsers('uuid', async (service, user) => {
        const { url: _, ...mailed } = await service.mailedLink(user.email)
        expect((await service.post('check-reset-link', mailed)).answer).toMatch(VALID_LINK)
        const genuine = sealedLink({ ...user, id: 'INVALID_UUID' })
        for (const link of [{ ...mailed, user_id: 'INVALID_UUID' }, genuine]) {
          const body = { ...link, password: newPassword }
          expect((await service.post('reset-password', body)).answer).toBe(INVALID_LINK)
        }
      }),
  },
]

export const userModelCases: readonly SeedCase[] = [
  ...fromFile(
    FILE,
    [
      {
        name: 'test_confirm_valid_custom_user',
        run: () => withUsers('integer', expectFullFlow),
      },
    ],
    'CustomUserPasswordResetTest',
  ),
  ...fromFile(FILE, uuidCases, 'UUIDUserPasswordResetTest'),
]
