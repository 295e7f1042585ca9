// The hosted pages in a real browser, with its scripts switched off and on: at every state they can be
// used by keyboard, on a phone and in the dark, and tell nobody the link.

import type { Browser, BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { violationsIn } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { confide } from '../support/discretion.ts'
import { freePort } from '../support/free-port.ts'
import { sealedLink } from '../support/links.ts'
import { overflowOf } from '../support/mail-browser.ts'
import type { Environment } from '../support/rekey-process.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser, storedHash } from '../support/users.ts'

const NEW_PASSWORD = confide(' a better one, with a ü ')
const screenshots = process.env['SCREENSHOTS']

let surroundings: Surroundings
let browser: Browser
let service: TestService
let origin: string

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  browser = await launchBrowser()
  const port = String(await freePort())
  origin = `http://localhost:${port}`
  service = await startHosted({ PORT: port, RESET_PAGE_URL: `${origin}/reset/` })
})

afterAll(async () => {
  await browser?.close()
  await service?.stop()
  await surroundings?.end()
})

function startHosted(env: Environment = {}): Promise<TestService> {
  return startService(surroundings, {
    HOSTED_PAGE: 'true',
    // What the tests' own links are for.
    LINK_AUDIENCE: 'https://app.example',
    APP_NAME: 'Lovelace & Sons',
    SUPPORT_EMAIL: 'help@lovelace.example',
    ...env,
  })
}

/** A reader with a browser of their own, and what it told others. */
interface Reader {
  readonly context: BrowserContext
  readonly page: Page
  /** What requests have told of where they came from. */
  readonly referrers: string[]
  /** Scripts, styles and whatever else pages load. */
  readonly loaded: string[]
}

async function invite(javaScriptEnabled: boolean): Promise<Reader> {
  const context = await browser.newContext({ javaScriptEnabled })
  const page = await context.newPage()
  const referrers: string[] = []
  const loaded: string[] = []
  page.on('request', (request) => {
    const { referer } = request.headers()
    if (referer) referrers.push(referer)
    if (!request.isNavigationRequest()) loaded.push(request.url())
  })
  return { context, page, referrers, loaded }
}

/** The same page where axe can run, which is a script itself: as it stands, but for its own script. */
async function copyWithScripts(page: Page): Promise<Page> {
  const copy = await browser.newPage()
  const body = (await page.content())
    .replace(/<script.*?<\/script>/g, '')
    .replaceAll('noscript>', 'div>')
  await copy.route(page.url(), (route) => route.fulfill({ body, contentType: 'text/html' }))
  await copy.goto(page.url())
  return copy
}

/** Looks at a state on a phone and at a desk, in light and in dark, and in axe's eyes. */
async function expectFit(shown: Page, name: string): Promise<void> {
  const page = await copyWithScripts(shown)
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    for (const width of [320, 1024]) {
      await page.setViewportSize({ width, height: 720 })
      expect([name, width, await overflowOf(page)]).toEqual([name, width, 0])
      if (screenshots) {
        const path = `${screenshots}/${name}-${width}-${colorScheme}.png`
        await page.screenshot({ path, fullPage: true })
      }
    }
    expect([name, colorScheme, await violationsIn(page)]).toEqual([name, colorScheme, []])
  }
  await page.close()
}

const heading = (page: Page, name: string) => page.getByRole('heading', { name }).waitFor()

/** Goes to a field by the keyboard alone. */
async function tabTo(page: Page, label: string): Promise<void> {
  const field = page.getByLabel(label, { exact: true }).and(page.locator(':focus'))
  for (let presses = 0; presses < 20; presses += 1) {
    if ((await field.count()) > 0) return
    await page.keyboard.press('Tab')
  }
  throw new Error(`The keyboard does not reach ${label}`)
}

async function choose(page: Page, password: string, again = password): Promise<void> {
  await tabTo(page, 'New password')
  await page.keyboard.insertText(password)
  await tabTo(page, 'New password again')
  await page.keyboard.insertText(again)
  await page.keyboard.press('Enter')
}

async function linkFor(user: StoredUser): Promise<string> {
  const { url } = await service.mailedLink(user.email)
  return url
}

describe.each([
  ['without scripts', false],
  ['with scripts', true],
])('%s', (name, hasScripts) => {
  const shot = (state: string) => `${state}-${name.replace(' ', '-')}`

  test('somebody who forgot a password gets back in by the keyboard alone', async () => {
    const user = await addUser(surroundings.database.sql)
    const { context, page, referrers, loaded } = await invite(hasScripts)
    await page.goto(`${origin}/reset/request`)
    await expectFit(page, shot('request'))
    await tabTo(page, 'Email address')
    await page.keyboard.insertText('nobody')
    await page.keyboard.press('Enter')
    await page.getByText('Enter a valid email address.').waitFor()
    await expectFit(page, shot('request-refused'))
    expect(await page.getByLabel('Email address').inputValue()).toBe('nobody')
    await tabTo(page, 'Email address')
    await page.keyboard.press('ControlOrMeta+a')
    await page.keyboard.insertText(user.email)
    await page.keyboard.press('Enter')
    await heading(page, 'Check your mail')
    await expectFit(page, shot('asked'))

    const link = await linkFor(user)
    await page.goto(link)
    await heading(page, 'Choose a new password')
    expect(page.url()).toBe(hasScripts ? `${origin}/reset/` : link)
    expect(await page.getByRole('button').count()).toBe(hasScripts ? 2 : 1)
    await expectFit(page, shot('form'))
    await choose(page, 'password')
    await page.getByText('This password is too common.').waitFor()
    expect(page.url()).toBe(`${origin}/reset/password`)
    await expectFit(page, shot('form-refused'))
    // What was refused is beside the field that has the focus.
    await page.locator('#password:focus').waitFor()
    await choose(page, NEW_PASSWORD, NEW_PASSWORD.trim())
    await page.getByText("Passwords don't match").waitFor()
    await expectFit(page, shot('form-mismatch'))
    await choose(page, NEW_PASSWORD)
    await heading(page, 'Your password is changed')
    await expectFit(page, shot('done'))
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
    await page.reload()
    await heading(page, 'Your password is changed')

    await page.goto(link)
    await heading(page, 'This link no longer works')
    await expectFit(page, shot('used'))
    expect(referrers).toEqual([])
    expect(loaded.filter((url) => !/^[^?]*\/reset\/[\w-]+\.(css|js)$/.test(url))).toEqual([])
    await context.close()
    // It stops at ten states, and looks at each in four ways.
  }, 120_000)

  test.each([
    ['expired', 'This link has expired', -3601],
    ['incomplete', 'This link is not complete', 3600],
  ])('a link that is %s is explained', async (state, title, offset) => {
    const user = await addUser(surroundings.database.sql)
    const link = sealedLink(user, seconds() + offset)
    const { context, page, referrers } = await invite(hasScripts)
    await page.goto(`${origin}/reset/?${new URLSearchParams({ ...link })}`)
    await heading(page, title)
    await expectFit(page, shot(state))
    await page.getByRole('link', { name: 'Ask for a new link' }).click()
    await heading(page, 'Forgot your password?')
    expect(referrers).toEqual([])
    await context.close()
  })

  test('a page without a link says where one is', async () => {
    const { context, page } = await invite(hasScripts)
    await page.goto(`${origin}/reset/`)
    await heading(page, 'Please open the link from your mail')
    await expectFit(page, shot('no-link'))
    await context.close()
  })

  test('whoever has to wait is told for how long', async () => {
    const limited = await startHosted({
      RATE_LIMIT_CONFIRMS: '1/15m',
      RATE_LIMIT_REQUESTS: '1/15m',
    })
    const { context, page } = await invite(hasScripts)
    for (let times = 0; times < 2; times += 1) {
      await page.goto(`${limited.url}/reset/?token=x`)
      await page.goto(`${limited.url}/reset/request`)
      await page.getByLabel('Email address').fill('nobody@no.example')
      await page.getByRole('button', { name: 'Mail me a link' }).click()
      await page.waitForURL((url) => url.pathname !== '/reset/request' || times > 0)
    }
    await page.getByText('Too many requests for now. Please wait 15 minutes,').waitFor()
    await expectFit(page, shot('request-throttled'))
    await page.goto(`${limited.url}/reset/?token=x`)
    await heading(page, 'Please wait a little')
    await expectFit(page, shot('throttled'))
    await context.close()
    await limited.stop()
  })
})

describe('a link in a fragment', () => {
  let inFragment: TestService

  beforeAll(async () => {
    const port = String(await freePort())
    const page = `http://localhost:${port}/reset/`
    const values = 'timestamp={timestamp}&user_id={user_id}&signature={signature}'
    inFragment = await startHosted({ PORT: port, RESET_PAGE_URL: `${page}#${values}` })
  })

  afterAll(() => inFragment?.stop())

  test('is found by the script, and in no address that is asked for', async () => {
    const user = await addUser(surroundings.database.sql)
    const { url } = await inFragment.mailedLink(user.email)
    const { context, page } = await invite(true)
    const asked: string[] = []
    page.on('request', (request) => asked.push(request.url()))
    await page.goto(url)
    await heading(page, 'Choose a new password')
    expect(asked.filter((each) => each.includes('timestamp'))).toEqual([])
    expect(page.url()).not.toContain('timestamp')
    await choose(page, NEW_PASSWORD)
    await heading(page, 'Your password is changed')
    await page.goto(url)
    await heading(page, 'This link no longer works')
    await context.close()
  })

  test('needs scripts, which the page says', async () => {
    const user = await addUser(surroundings.database.sql)
    const { url } = await inFragment.mailedLink(user.email)
    const { context, page } = await invite(false)
    await page.goto(url)
    expect(await page.locator('noscript p').textContent()).toContain('your link needs JavaScript')
    await page.locator('noscript p').waitFor({ state: 'visible' })
    await context.close()
  })
})

test('a form that is sent twice in a hurry is sent once', async () => {
  const user = await addUser(surroundings.database.sql)
  const { context, page } = await invite(true)
  const sent: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') sent.push(request.url())
  })
  await page.goto(await linkFor(user))
  for (const label of ['New password', 'New password again']) {
    await page.getByLabel(label, { exact: true }).fill(NEW_PASSWORD)
  }
  await page.getByRole('button', { name: 'Show password' }).click()
  expect(await page.locator('input[type=text]').count()).toBe(2)
  await page.getByRole('button', { name: 'Set new password' }).dblclick()
  await heading(page, 'Your password is changed')
  expect(sent).toEqual([`${origin}/reset/password`])
  await context.close()
})

test('a form on a page of another origin sends nothing', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = new URL(await linkFor(user))
  const { context, page } = await invite(true)
  const fields = [...link.searchParams, ['password', NEW_PASSWORD], ['email', user.email]]
  const inputs = fields.map(([name, value]) => `<input name="${name}" value="${value}">`)
  await page.route('http://evil.localhost/**', (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<form method="post" action="${link.origin}/reset/password">${inputs.join('')}<button>Win</button></form>`,
    }),
  )
  await page.goto('http://evil.localhost/')
  await page.getByRole('button', { name: 'Win' }).click()
  await page.getByText('Your browser did not say that this form comes from our own page').waitFor()
  await expectFit(page, 'cross-origin')
  expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
  await context.close()
})
