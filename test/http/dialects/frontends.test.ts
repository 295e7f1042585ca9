// Frontends as the packages' documentation shows them, with the environment that docs/dialects.md gives.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileLinkUrl } from '../../../src/core/link-url.ts'
import { encodeUid, formatToken } from '../../../src/core/token.ts'
import { sealed } from '../../core/link-fixtures.ts'
import { confide } from '../../support/discretion.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../../support/jwt-issuer.ts'
import type { Environment } from '../../support/rekey-process.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { startService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../../support/users.ts'

const page = readFileSync(new URL('../../../docs/dialects.md', import.meta.url), 'utf8')
const environments: readonly Environment[] = [...page.matchAll(/^```ini\n(.*?)^```/gms)].map(
  ([, lines = '']) =>
    Object.fromEntries([...lines.matchAll(/^(\w+)=(.*)$/gm)].map(([, ...pair]) => pair)),
)
const jwtSecret = 'the secret of a host application'

let surroundings: Surroundings
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'integer')
})

afterAll(() => surroundings?.end())

/** A frontend in a browser of the configured origin: fetch with a JSON body, and what it reads. */
async function startFrontend(env: Environment) {
  const service = await startService(surroundings, {
    JWT_SECRET: jwtSecret,
    ...jwtVariables,
    ...env,
  })
  user = await addUser(surroundings.database.sql)
  return {
    stop: service.stop,
    async post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
      const response = await fetch(`${service.url}${path}`, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/plain, */*',
          Origin: 'https://app.example',
          ...headers,
        },
        body: JSON.stringify(body),
      })
      expect(response.headers.get('access-control-allow-origin')).toBe('https://app.example')
      return { status: response.status, data: await response.json() }
    },
    /** Opens the link in the mail. */
    async openLink(): Promise<URL> {
      const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
      return new URL(confide(linkIn(mail)))
    },
  }
}

async function expectPassword(password: string): Promise<void> {
  expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
}

const routes = [...page.matchAll(/^\| (?!-)([^|]*) \| `(https:[^`]*)` \|$/gm)]

test.each(routes.map(([, reads = '', url = '']) => [reads, url]))(
  'a router that reads %s finds the whole token in %s',
  (_, template) => {
    for (const userId of ['7', '9223372036854775807', '6a0e2c0e-8f5b-4f0e-9d5c-0d5a7f0f9a11']) {
      const link = sealed({ userId })
      const [uid, token] = [encodeUid(userId), formatToken(link)]
      const url = compileLinkUrl(template)(link)
      expect(url).toBe(template.replace('{uid}', uid).replace('{token}', token))
      expect(token).toMatch(/^[\w-]+$/)
      expect(token).toHaveLength(53 + uid.length)
    }
  },
)

test('the page has the lengths of tokens right, and a router of each kind', () => {
  const lengths = ['7', '9223372036854775807', '6a0e2c0e-8f5b-4f0e-9d5c-0d5a7f0f9a11'].map(
    (userId) => formatToken(sealed({ userId })).length,
  )
  expect(lengths).toEqual([55, 79, 101])
  expect(page).toContain('55 to 79 for a number and 101 for a uuid')
  expect(routes).toHaveLength(6)
})

test.each([
  ['where its urls.py mounts it', 'rest-passwordreset', '/api/password_reset'],
  [
    'where its list of endpoints has it',
    'rest-passwordreset=/api/reset_password',
    '/api/reset_password',
  ],
])('a frontend of django-rest-passwordreset, %s', async (_, dialects, prefix) => {
  const env = { ...environments[0], DIALECTS: dialects }
  expect(environments[0]?.['DIALECTS']).toBe('rest-passwordreset')
  const { post, openLink, stop } = await startFrontend(env)

  const asked = await post(`${prefix}/`, { email: user.email })
  expect(asked).toEqual({ status: 200, data: { status: 'OK' } })
  const token = (await openLink()).searchParams.get('token')
  const valid = await post(`${prefix}/validate_token/`, { token })
  expect(valid).toEqual({ status: 200, data: { status: 'OK' } })
  const weak = await post(`${prefix}/confirm/`, { token, password: 'password' })
  expect(weak).toEqual({ status: 400, data: { password: ['This password is too common.'] } })
  const done = await post(`${prefix}/confirm/`, { token, password: 'newSecurePassword123' })
  expect(done).toEqual({ status: 200, data: { status: 'OK' } })
  await expectPassword('newSecurePassword123')
  const again = await post(`${prefix}/validate_token/`, { token })
  expect(again.status).toBe(404)
  await stop()
})

test('a frontend of dj-rest-auth', async () => {
  const { post, openLink, stop } = await startFrontend(environments[1] ?? {})
  const [prefix, password] = ['/dj-rest-auth/password', 'newSecurePassword123']

  const asked = await post(`${prefix}/reset/`, { email: user.email })
  expect(asked).toEqual({ status: 200, data: { detail: 'Password reset e-mail has been sent.' } })
  const [uid, token] = (await openLink()).pathname.split('/').slice(-2)
  const passwords = { new_password1: password, new_password2: password }
  const bad = await post(`${prefix}/reset/confirm/`, { uid, token: 'c5p4t0-a1b2c3', ...passwords })
  expect(bad).toEqual({ status: 400, data: { token: ['Invalid value'] } })
  const done = await post(`${prefix}/reset/confirm/`, { uid, token, ...passwords })
  expect(done.data).toEqual({ detail: 'Password has been reset with the new password.' })
  await expectPassword(password)

  const next = 'anotherSecurePassword456'
  const change = { old_password: password, new_password1: next, new_password2: next }
  const headers = bearer(await signWithSecret(jwtSecret, claimsOf(user.id)))
  expect((await post(`${prefix}/change/`, change)).status).toBe(401)
  const changed = await post(`${prefix}/change/`, change, headers)
  expect(changed).toEqual({ status: 200, data: { detail: 'New password has been saved.' } })
  await expectPassword(next)
  await stop()
})
