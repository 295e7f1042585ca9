// The whole way in a real browser, through the demo: forget, ask, read, choose, sign in.

import { verify } from '@node-rs/argon2'
import type { Browser, Page } from 'playwright-core'
import postgres from 'postgres'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Demo, startDemo } from '../../demo/start-demo.ts'
import { deriveKeys, generateSecret } from '../../src/core/key-ring.ts'
import { sealLink } from '../../src/core/link.ts'
import { violationsIn } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { seconds } from '../support/seconds.ts'

const OLD_PASSWORD = 'a forgotten password'
const NEW_PASSWORD = ' a better one, with a ü '

const linkSecret = generateSecret()

let demo: Demo
let browser: Browser
let page: Page
let app: string
let outbox: string
const requestedHosts = new Set<string>()
const consoleLines: string[] = []
const referrers = new Set<string>()

beforeAll(async () => {
  const port = await freePort()
  const appPort = await freePort()
  app = `http://localhost:${appPort}`
  outbox = `http://localhost:${port}/outbox`
  const options = { port, appPort, linkSecret }
  const started = await startDemo(options, new Promise(() => {}))
  if (!started) throw new Error('the demo was told to stop')
  demo = started
  browser = await launchBrowser()
  page = await browser.newPage()
  page.on('request', (request) => requestedHosts.add(new URL(request.url()).hostname))
  page.on('request', (request) => referrers.add(request.headers()['referer'] ?? ''))
  page.on('console', (message) => consoleLines.push(message.text()))
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
})

afterEach(() => {
  // No request says where it came from.
  expect([...referrers].filter((referrer) => referrer !== '')).toEqual([])
})

test('somebody who forgot a password gets back in, and the link then is used', async () => {
  await page.goto(app)
  await expectNoViolations()
  expect(await signIn(OLD_PASSWORD)).toBe('Signed in as ada@example.com.')

  await page.getByRole('link', { name: 'Forgot your password?' }).click()
  await page.getByRole('heading', { name: 'Forgot your password?' }).waitFor()
  await expectNoViolations()
  await page.getByLabel('Email address').fill('Ada@Example.com')
  await page.getByRole('button', { name: 'Mail me a link' }).click()
  await page.getByRole('heading', { name: 'Check your mail' }).waitFor()
  await expectNoViolations()

  const mailedLink = await openMailedLink()
  await page.getByRole('heading', { name: 'Choose a new password' }).waitFor()
  await page.getByRole('button', { name: 'Set new password' }).waitFor()
  expect(page.url()).toBe(`${app}/reset/`)
  await expectNoViolations()

  await choosePassword('password')
  await page.getByText('This password is too common.').first().waitFor()
  await expectNoViolations()
  await choosePassword('ada@example.com')
  await page.getByText('The password is too similar to the email address.').first().waitFor()

  await choosePassword(NEW_PASSWORD)
  await page.getByRole('heading', { name: 'Your password is changed' }).waitFor()
  await expectNoViolations()

  await page.goto(mailedLink)
  await page.getByRole('heading', { name: 'This link no longer works' }).waitFor()
  await expectNoViolations()
  await page.goto(`${mailedLink}x`)
  await page.getByRole('heading', { name: 'This link is not complete' }).waitFor()
  await expectNoViolations()

  await page.goto(app)
  expect(await signIn(OLD_PASSWORD)).toBe('Address or password is wrong.')
  expect(await signIn(NEW_PASSWORD)).toBe('Signed in as ada@example.com.')

  await page.goto(outbox)
  await page.getByRole('heading', { name: 'Your Demo password was changed' }).waitFor()
  const sql = postgres(demo.databaseUrl, { max: 1 })
  const [user] = await sql`SELECT password_hash FROM users WHERE email = 'ada@example.com'`
  await sql.end()
  expect(await verify(user?.['password_hash'], NEW_PASSWORD)).toBe(true)

  expect([...requestedHosts].filter((host) => host !== 'localhost' && host !== '')).toEqual([])
  // Refusals are answers with a 4xx, which the browser notes; anything else would be a fault.
  expect(consoleLines.filter((line) => !/status of 40[01]/.test(line))).toEqual([])
})

test('a link that has expired is explained before anything is typed', async () => {
  await page.goto(await linkOf('grace@example.com', 3601))
  await page.getByRole('heading', { name: 'This link has expired' }).waitFor()
  await expectNoViolations()
})

test('two passwords that differ, and a network that fails, cost nothing', async () => {
  const link = await linkOf('grace@example.com', 60)
  await page.goto(link)
  await choosePassword(NEW_PASSWORD, NEW_PASSWORD.trim())
  await page.getByText('The two passwords are not the same.').waitFor()
  await expectNoViolations()

  await page.context().setOffline(true)
  await choosePassword(NEW_PASSWORD)
  await page.getByText('No answer came back.').waitFor()
  await expectNoViolations()
  await page.context().setOffline(false)
  await choosePassword(NEW_PASSWORD)
  await page.getByRole('heading', { name: 'Your password is changed' }).waitFor()
})

test('a link that works beyond today is told with its date', async () => {
  const body = { detail: 'Link is valid', expires_at: '2099-07-05T12:00:00Z' }
  const headers = { 'access-control-allow-origin': '*' }
  await page.route('**/check-reset-link', (route) => route.fulfill({ json: body, headers }))
  await page.goto(`${app}/reset/?timestamp=1&user_id=1&signature=1`)
  await page.getByText(/^Your link works until .*2099/).waitFor()
})

async function signIn(password: string): Promise<string | null> {
  await page.getByLabel('Email address').fill('ada@example.com')
  await page.getByLabel('Password').fill(password)
  const replied = page.waitForResponse((response) => response.url().endsWith('/sign-in'))
  await page.getByRole('button', { name: 'Sign in' }).click()
  await (await replied).finished()
  await page.locator('#outcome:not(:empty)').waitFor()
  const outcome = await page.locator('#outcome').textContent()
  await page.evaluate("document.querySelector('#outcome').replaceChildren()")
  return outcome
}

/** Clicks the link as a reader would, and gives it. */
async function openMailedLink(): Promise<string> {
  await page.goto(outbox)
  const heading = page.getByRole('heading', { name: 'Reset your Demo password' })
  await heading.waitFor()
  await expectNoViolations()
  const button = page.frameLocator('iframe').first().getByRole('link').first()
  const link = await button.getAttribute('href')
  await button.click()
  return link ?? ''
}

/** A link as it was mailed so many seconds ago. */
async function linkOf(email: string, age: number): Promise<string> {
  const sql = postgres(demo.databaseUrl, { max: 1 })
  const [user] = await sql`SELECT id, password_hash FROM users WHERE email = ${email}`
  await sql.end()
  const facts = { emailAddress: email, passwordHash: user?.['password_hash'], lastLogin: undefined }
  const rules = { audience: app, ttlSeconds: 3600, bucketSeconds: 60, notBefore: 0 }
  const timestamp = String(seconds() - age)
  const signature = sealLink(
    deriveKeys(linkSecret),
    { ...rules, opensFirstPasswords: false },
    user?.['id'],
    timestamp,
    facts,
  )
  const values = new URLSearchParams({ timestamp, user_id: user?.['id'], signature })
  return `${app}/reset/?${values}`
}

async function choosePassword(password: string, again = password): Promise<void> {
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByLabel('New password again').fill(again)
  await page.getByRole('button', { name: 'Set new password' }).click()
}

async function expectNoViolations(): Promise<void> {
  expect(await violationsIn(page)).toEqual([])
}
