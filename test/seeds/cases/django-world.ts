// Rekey beside the users of a Django project, by its preset.

import { expect } from 'vitest'
import { INVALID_LINK, VALID_LINK } from '../../support/answers.ts'
import type { LinkValues } from '../../support/links.ts'
import { createWorld } from '../world.ts'

/** Sentences of the contract by which many of Django's cases differ. */
export const JSON_ONLY =
  'JSON only (dialects also take `application/x-www-form-urlencoded` from no origin or an allowed one)'
export const NATIVE_TEXTS =
  "native routes speak django-rest-registration's texts, also for cases of Django's own forms"

export const world = createWorld({
  USERS_PRESET: 'django',
  MAIL_FROM: 'webmaster@app.example',
  LINK_BUCKET_SECONDS: '1',
})
/** What a link binds of a user who has never signed in. */
export const neverSignedIn = { lastLogin: null }

/** Mails as Django sends them by default: of text alone. */
export const plainMails = () => ({
  MAIL_TEMPLATES_DIR: world.templates({ 'reset-link.html.liquid': '' }),
})

export const check = async (link: object, env = {}): Promise<string> =>
  (await (await world.serve(env)).post('check-reset-link', link)).answer
export const reset = async (body: object, env = {}): Promise<string> =>
  (await (await world.serve(env)).post('reset-password', body)).answer

export async function expectAlive(link: LinkValues, env = {}): Promise<void> {
  expect(await check(link, env)).toMatch(VALID_LINK)
}

export async function expectDead(link: LinkValues, env = {}): Promise<void> {
  expect(await check(link, env)).toBe(INVALID_LINK)
}
