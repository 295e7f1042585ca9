// The example with React, bundled and served as its readers would, against a real service.

import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { browserBuild } from '../../build-options.ts'
import { violationsIn } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { basePath } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import { claimsOf, jwtVariables, signWithSecret } from '../support/jwt-issuer.ts'
import { type LinkValues, sealedLink } from '../support/links.ts'
import { type PageServer, startPage } from '../support/page-server.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword } from '../support/users.ts'

const JWT_SECRET = confide('the secret of a host application')
const NEW_PASSWORD = confide(' a better one, with a ü ')
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url))

let surroundings: Surroundings
let service: TestService
let app: PageServer
let browser: Browser
let context: BrowserContext
let page: Page
const referrers: string[] = []
const consoleLines: string[] = []

beforeAll(async () => {
  const bundle = await build({
    entryPoints: [path('examples/react/app.tsx')],
    alias: { 'rekey/client': path('src/page/client.ts') },
    ...browserBuild,
    write: false,
  })
  const script = bundle.outputFiles[0]?.text ?? ''
  const html = readFileSync(path('examples/react/index.html'), 'utf8')
  let api = ''
  app = await startPage((asked) =>
    asked.startsWith('/app.js')
      ? { body: script, headers: { 'content-type': 'text/javascript' } }
      : {
          body: html.replace(/http:\/\/localhost:3000\/api\/v1\/accounts/, api),
          headers: {
            'content-type': 'text/html',
            'content-security-policy': `default-src 'none'; script-src 'self'; img-src data:; connect-src ${new URL(api).origin}; form-action 'none'`,
          },
        },
  )
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings, {
    RESET_PAGE_URL: `${app.origin}/`,
    LINK_AUDIENCE: 'https://app.example',
    JWT_SECRET,
    ...jwtVariables,
  })
  api = `${service.url}${basePath}`
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await service?.stop()
  await app?.stop()
  await surroundings?.end()
})

beforeEach(async () => {
  context = await browser.newContext()
  page = await context.newPage()
  page.on('request', (request) => referrers.push(request.headers()['referer'] ?? ''))
  page.on('console', (message) => consoleLines.push(message.text()))
})

afterEach(async () => {
  await context.close()
  // What names a page of ours names no link.
  expect(referrers.filter((each) => each.includes('='))).toEqual([])
  expect(app.asked.filter((each) => each.includes('app.js?'))).toEqual([])
  // Refusals and failed connections are noted by the browser itself; anything else would be a fault.
  expect(consoleLines.filter((line) => !line.startsWith('Failed to load resource'))).toEqual([])
})

const heading = (name: string) => page.getByRole('heading', { name }).waitFor()
const openLink = (link: LinkValues) =>
  page.goto(`${app.origin}/?${new URLSearchParams({ ...link })}`)

async function choose(password: string, again = password): Promise<void> {
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByLabel('New password again').fill(again)
  await page.getByRole('button').click()
}

async function expectNoViolations(): Promise<void> {
  expect(await violationsIn(page)).toEqual([])
}

test('somebody who forgot a password gets a new one', async () => {
  const user = await addUser(surroundings.database.sql)
  await page.goto(app.origin)
  await heading('Forgot your password?')
  await expectNoViolations()
  await page.getByLabel('Email address').fill(user.email)
  await page.getByRole('button', { name: 'Mail me a link' }).click()
  await page.getByText('If there is such an account, a mail with a link is on its way.').waitFor()
  await expectNoViolations()

  const { url } = await service.mailedLink(user.email)
  await page.goto(url)
  await heading('Choose a new password')
  expect(page.url()).toBe(`${app.origin}/`)
  await expectNoViolations()

  await choose('password')
  await page.getByText('This password is too common.').waitFor()
  await expectNoViolations()
  await choose(NEW_PASSWORD, NEW_PASSWORD.trim())
  await page.getByText("Passwords don't match").waitFor()
  await choose(NEW_PASSWORD)
  await page.getByText('Your password is changed. You can sign in now.').waitFor()
  await expectNoViolations()
  expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)

  await page.goto(url)
  await page.getByText('This link no longer works').waitFor()
  await heading('Forgot your password?')
  await expectNoViolations()
})

test('a link that has expired, or is not complete, is explained', async () => {
  const user = await addUser(surroundings.database.sql)
  await openLink(sealedLink(user, seconds() - 3601))
  await page.getByText('This link has expired.').waitFor()
  await openLink({ ...sealedLink(user), signature: 'q61S' })
  await page.getByText('This link is not complete.').waitFor()
  await expectNoViolations()
})

test('a network that fails is told, and the form works once it is back', async () => {
  const user = await addUser(surroundings.database.sql)
  await openLink(sealedLink(user))
  await heading('Choose a new password')
  await context.setOffline(true)
  await choose(NEW_PASSWORD)
  await page.getByText('No answer came back.').waitFor()
  await expectNoViolations()
  await context.setOffline(false)
  await choose(NEW_PASSWORD)
  await page.getByText('Your password is changed. You can sign in now.').waitFor()
  expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
})

test('whoever is signed in changes the password with the token of the application', async () => {
  const user = await addUser(surroundings.database.sql)
  const signIn = async (claims = claimsOf(user.id)) => {
    const token = await signWithSecret(JWT_SECRET, claims)
    await page.evaluate(`sessionStorage.setItem('access_token', '${token}')`)
  }
  const change = async (oldPassword: string) => {
    await page.getByLabel('Old password').fill(oldPassword)
    await page.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
    await page.getByLabel('New password again').fill(NEW_PASSWORD)
    await page.getByRole('button', { name: 'Change password' }).click()
  }
  await page.goto(app.origin)
  await signIn()
  await page.reload()
  await heading('Change your password')
  await expectNoViolations()

  await change('not the old one')
  await page.getByText('Old password is not correct').waitFor()
  await expectNoViolations()
  await signIn(claimsOf(user.id, { exp: seconds() - 1 }))
  await change(user.password)
  await page.getByText('Please sign in again.').waitFor()
  await signIn()
  await change(user.password)
  await page.getByText('Your password is changed.').waitFor()
  expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
})
