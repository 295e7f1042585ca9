// Rekey's own pages: what is served where, how it is filled, and how a link finds the page.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { NOT_FOUND } from '../support/answers.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { createUsers } from '../support/users.ts'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings, {
    HOSTED_PAGE: 'true',
    APP_NAME: `Ann's <b>"App"</b> & Co`,
    SUPPORT_EMAIL: 'help@app.example',
    BASE_PATH: '/accounts',
    RESET_PAGE_URL: 'https://app.example/reset/#token={token}',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const page = /^<!doctype html>/i

test.each([
  ['/reset/', 'text/html', page],
  ['/reset/request', 'text/html', page],
  ['/reset/asked', 'text/html', page],
  ['/reset/done', 'text/html', page],
  ['/reset/page.css', 'text/css', /\{/],
  ['/reset/reset-page.js', 'text/javascript', /from '\.\/client\.js'/],
  ['/reset/client.js', 'text/javascript', /export/],
])('%s is served as %s', async (path, type, content) => {
  const reply = await service.ask(path)
  expect(reply.status).toBe(200)
  expect(reply.headers['content-type']).toBe(`${type}; charset=utf-8`)
  expect(reply.text).toMatch(content)
})

test.each(['/reset/', '/reset/request', '/reset/asked', '/reset/done'])(
  'every file that %s names, or a script of it, is there',
  async (path) => {
    const named = async (name: string): Promise<string[]> => {
      const { status, text } = await service.ask(`/reset/${name}`)
      expect([name, status]).toEqual([name, 200])
      const files = text.matchAll(/(?:src=|href=|from )["'](?:\.\/)?([\w-]+\.(?:js|css))["']/g)
      return [...files].map(([, file = '']) => file)
    }
    const ofPage = await named(path.replace('/reset/', ''))
    expect(ofPage).toEqual(['reset-page.js', 'page.css'])
    const ofScripts = await Promise.all(ofPage.map(named))
    expect(ofScripts.flat()).toEqual(['client.js'])
    expect(await named('client.js')).toEqual([])
  },
)

test('pages are filled from the configuration, as text', async () => {
  const { text } = await service.ask('/reset/')
  expect(text).toContain('Ann&#39;s &#60;b&#62;&#34;App&#34;&#60;/b&#62; &#38; Co')
  expect(text).toContain('href="mailto:help@app.example"')
  expect(text).toContain('href="https://app.example/reset/request"')
})

test.each([
  ['/reset', '/reset/'],
  ['/reset?timestamp=1&user_id=a%20b', '/reset/?timestamp=1&user_id=a%20b'],
  ['/reset?//evil.example', '/reset/?//evil.example'],
  // Its scripts and its form are named relative to /reset/.
  ['/reset/request/', '/reset/request'],
  ['/reset/open', '/reset/'],
  ['/reset/password', '/reset/'],
  ['/reset/password/?x=/', '/reset/'],
])('%s goes to %s', async (path, location) => {
  // Once as it is, and once where a proxy has all of it below a path.
  for (const base of ['', '/auth']) {
    const { status, headers } = await service.ask(path)
    const { pathname, search } = new URL(headers.location ?? '', `http://any${base}${path}`)
    expect([status, pathname + search]).toEqual([302, base + location])
  }
})

test.each([
  `/reset/%23token=${'x'.repeat(43)}1700000000${'y'.repeat(48)}`,
  '/reset/%23user_id=a&timestamp=1&signature=x/y',
  '/reset/?token=x',
])('a link that a mail scanner has spelled as %s finds the page', async (path) => {
  const reply = await service.ask(path)
  expect(reply.status).toBe(200)
  expect(reply.text).toMatch(page)
})

test.each([
  '/reset/nothing',
  '/reset/client.ts',
  '/reset/tsconfig.json',
  '/reset/..%2f..%2f..%2fpackage.json',
  '/reset/../../package.json',
  '/reset/%2e%2e/main.ts',
  '/reset/__proto__',
  '/reset/constructor',
  '/reset/reset.html%00',
  '/reset//',
])('there is nothing at %s', async (path) => {
  expect((await service.ask(path)).answer).toBe(NOT_FOUND)
})

test('without HOSTED_PAGE there are no pages', async () => {
  const plain = await startService(surroundings)
  for (const path of ['/reset', '/reset/', '/reset/client.js']) {
    expect((await plain.ask(path)).status).toBe(404)
  }
  await plain.stop()
})
