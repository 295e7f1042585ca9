// A page of another origin in a real browser, doing all that a page can do: what its visitor may still ask
// for is the same afterwards, and a link in a webmail opens.

import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { basePath } from '../support/client.ts'
import { freePort } from '../support/free-port.ts'
import { type PageServer, startPage } from '../support/page-server.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const hostilePage = readFileSync(new URL('hostile-page.html', import.meta.url), 'utf8')

let surroundings: Surroundings
let browser: Browser
let service: TestService
let origin: string
let evil: PageServer

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  browser = await launchBrowser()
  const port = String(await freePort())
  // Another site than the page's 127.0.0.1.
  origin = `http://localhost:${port}`
  service = await startService(surroundings, {
    PORT: port,
    RESET_PAGE_URL: `${origin}/reset/`,
    HOSTED_PAGE: 'true',
    DIALECTS: 'rest-passwordreset, dj-rest-auth',
    RATE_LIMIT_REQUESTS: '2/1d',
    RATE_LIMIT_CONFIRMS: '2/1d',
  })
  evil = await startPage(() => ({ body: hostilePage }))
})

afterAll(async () => {
  await browser?.close()
  await evil?.stop()
  await service?.stop()
  await surroundings?.end()
})

/** What came of the requests for anything that counts. */
const outcomes = () =>
  service.log.lines
    .filter(({ method, route, status }) => status && method !== 'OPTIONS' && route !== '/livez')
    .map(({ route, status }) => `${route === '/reset' ? 'opened' : 'asked'} ${status}`)

test('a page of another origin cannot change what its visitor may still ask for', async () => {
  const user = await addUser(surroundings.database.sql)
  const context = await browser.newContext()
  const hostile = await context.newPage()
  await hostile.goto(evil.origin)
  await hostile.evaluate(`attack('${origin}', '${origin}${basePath}')`)
  await service.ask('/livez')
  expect(outcomes().length).toBeGreaterThan(250)
  expect(new Set(outcomes())).toEqual(new Set(['asked 403', 'asked 415', 'opened 403']))
  // Wherever the window is by then.
  await hostile.evaluate(`wander('${origin}')`).catch(() => {})
  await service.log.waitFor(({ route, status }) => route === '/reset' && status === 200)

  // All there is to ask for, in the same browser and from the same address.
  const page = await context.newPage()
  await page.goto(`${origin}/reset/request`)
  await page.getByLabel('Email address').fill(user.email)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
  const { url } = await service.mailedLink(user.email)
  // A webmail is another site as well.
  await page.goto(evil.origin)
  await page.setContent(`<a href="${url.replaceAll('&', '&amp;')}">Reset</a>`)
  await page.getByRole('link', { name: 'Reset' }).click()
  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
  const checks = [1, 2, 3].map(() => service.post('check-reset-link', {}))
  expect((await Promise.all(checks)).map(({ status }) => status)).toEqual([400, 400, 429])
  await context.close()
})
