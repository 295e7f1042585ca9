// The whole way in a real browser, through the demo: forget, ask, read, choose, sign in.

import { verify } from '@node-rs/argon2'
import type { Browser, Page } from 'playwright-core'
import postgres from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Demo, startDemo } from '../../demo/start-demo.ts'
import { generateSecret } from '../../src/core/key-ring.ts'
import { violationsIn } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'

const OLD_PASSWORD = 'a forgotten password'
const NEW_PASSWORD = ' a better one, with a ü '

let demo: Demo
let browser: Browser
let page: Page
let app: string
let outbox: string
const requestedHosts = new Set<string>()
const consoleLines: string[] = []

beforeAll(async () => {
  const port = await freePort()
  const appPort = await freePort()
  app = `http://localhost:${appPort}`
  outbox = `http://localhost:${port}/outbox`
  const options = { port, appPort, linkSecret: generateSecret() }
  const started = await startDemo(options, new Promise(() => {}))
  if (!started) throw new Error('the demo was told to stop')
  demo = started
  browser = await launchBrowser()
  page = await browser.newPage()
  page.on('request', (request) => requestedHosts.add(new URL(request.url()).hostname))
  page.on('console', (message) => consoleLines.push(message.text()))
})

afterAll(async () => {
  await browser?.close()
  await demo?.stop()
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

async function choosePassword(password: string): Promise<void> {
  await page.getByLabel('New password', { exact: true }).fill(password)
  await page.getByLabel('New password again').fill(password)
  await page.getByRole('button', { name: 'Set new password' }).click()
}

async function expectNoViolations(): Promise<void> {
  expect(await violationsIn(page)).toEqual([])
}
