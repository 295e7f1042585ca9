// Where Django's forms send a browser on, Rekey answers, and refuses the form.

import { expect } from 'vitest'
import { world } from './django-world.ts'

/** Posts a form, which is refused, and the same as JSON, which is not. */
export async function expectNoRedirect(route: string, body: Record<string, string>): Promise<void> {
  const service = await world.serve()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = await service.post(route, String(new URLSearchParams(body)), headers)
  const json = await service.post(route, body)
  expect([form.status, json.status]).toEqual([415, 200])
  expect([form.headers.location, json.headers.location]).toEqual([undefined, undefined])
}
