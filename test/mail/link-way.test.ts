// Takes links the way they go, from the mail as it is composed to the page that they open: through
// foldings, autolinkers, rewriters and scanners that open them before their reader does.

import { verify } from '@node-rs/argon2'
import { LinkifyIt } from 'linkify-it'
import { createTransport } from 'nodemailer'
import type { Browser, Page } from 'playwright-core'
import PostalMime from 'postal-mime'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { launchBrowser } from '../support/browser.ts'
import { freePort } from '../support/free-port.ts'
import { linkMailsTo } from '../support/links.ts'
import { type PageServer, startPage } from '../support/page-server.ts'
import type { ReceivedMail } from '../support/resend-rules.ts'
import { linkIn } from '../support/resend-stand-in.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'

let surroundings: Surroundings
let browser: Browser
let rewriter: PageServer

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', ['locale text'])
  // As Safe Links' server does once it has judged an address.
  rewriter = await startPage((path) => {
    const location = new URL(path, 'http://localhost').searchParams.get('url') ?? ''
    return { status: 302, headers: { location } }
  })
  browser = await launchBrowser()
})

afterAll(async () => {
  await browser?.close()
  await rewriter?.stop()
  await surroundings?.end()
})

describe.each([
  ['in the query', ''],
  ['in the query, before another value', '?next=%2Fnotes'],
  ['in the fragment', '#token={token}'],
])('a link with its values %s', (_, tail) => {
  let service: TestService
  let user: StoredUser
  let mail: ReceivedMail
  let link: string

  beforeAll(async () => {
    const port = await freePort()
    service = await startService(surroundings, {
      PORT: String(port),
      HOSTED_PAGE: 'true',
      RESET_PAGE_URL: `http://127.0.0.1:${port}/reset/${tail}`,
      USERS_LOCALE_COLUMN: 'locale',
    })
    const mailed = await mailTo('en')
    user = mailed.user
    mail = mailed.mail
    link = linkIn(mail)
  })

  afterAll(() => service?.stop())

  /** What a new user of that language gets, who asks for a link. */
  async function mailTo(locale: string): Promise<{ user: StoredUser; mail: ReceivedMail }> {
    const user = await addUser(surroundings.database.sql, { locale })
    await service.post('send-reset-password-link', { email: user.email })
    const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    return { user, mail }
  }

  test.each([
    ['en', 'as its composer chooses', undefined],
    ['en', 'as quoted-printable', 'quoted-printable'],
    ['ja', 'as quoted-printable', 'quoted-printable'],
    ['ar', 'as base64', 'base64'],
  ] as const)('is whole in both parts of a mail in %s, sent %s', async (locale, _, encoding) => {
    const { mail } = await mailTo(locale)
    const raw = await compose(mail, encoding)
    expect(Buffer.byteLength(raw)).toBeLessThan(30_000)
    const received = await PostalMime.parse(raw)
    expect(received.subject).toBe(mail.subject)
    expect(linkIn(received)).toBe(linkIn(mail))
    expect(await anchorsOf(received.html ?? '')).toEqual([
      [linkIn(mail), expect.any(String)],
      [linkIn(mail), linkIn(mail)],
    ])
  })

  test('is whole after format=flowed, also for those who do not know it', async () => {
    const flowed = (mail.text ?? '').replace(/(.{50}\S*) (?=.)/g, '$1 \n')
    expect(flowed.split('\n').length).toBeGreaterThan((mail.text ?? '').split('\n').length)
    expect(linkIn({ text: flowed })).toBe(link)
    expect(linkIn(await receiveFlowed(flowed, 'no'))).toBe(link)
  })

  test('is put together again where a sender has cut it, as DelSp lets it', async () => {
    const flowed = (mail.text ?? '').replace(/.{66}(?=.)/g, '$& \n')
    expect(flowed).not.toContain(link)
    expect(linkIn(await receiveFlowed(flowed, 'yes'))).toBe(link)
  })

  test('is what an autolinker finds in the text, alone or before a full stop', () => {
    const linkify = new LinkifyIt()
    const found = (text: string) => linkify.match(text)?.map(({ url }) => url)
    expect(found(mail.text ?? '')).toEqual([link])
    expect(found(`It was ${link}.`)).toEqual([link])
    expect(found(`<${link}>, or so (${link}).`)).toEqual([link, link])
  })

  test('reads the same where its text is taken for HTML', async () => {
    const page = await browser.newPage()
    await page.setContent(`<p>${link}</p><a href="${link}">here</a>`)
    expect(await page.locator('p').textContent()).toBe(link)
    expect(await page.locator('a').getAttribute('href')).toBe(link)
    await page.close()
  })

  test.each<[string, (link: string) => string]>([
    ['as it is', (link) => link],
    ['with the full stop behind it', (link) => `${link}.`],
    ['with its ampersands escaped once more', (link) => link.replaceAll('&', '&amp;')],
    [
      'as Safe Links rewrites it',
      (link) =>
        `${rewriter.origin}/?url=${encodeURIComponent(link)}&data=05%7C02%7Cada%40app.example&sdata=q%2Bw%3D&reserved=0`,
    ],
  ])('opens the form %s', async (_, change) => {
    const page = await open(change(link))
    await page.getByRole('button', { name: 'Set new password' }).waitFor()
    expect(page.url()).not.toContain(link.slice(-20))
    await page.close()
  })

  test('is not spent by those who come before its reader', async () => {
    const rowOf = () => surroundings.database.sql`select * from users where id = ${user.id}`
    const before = await rowOf()
    const mailsBefore = surroundings.resend.mails.length
    const headers = { 'user-agent': 'Mozilla/5.0 (compatible; LinkScanner/1.0)' }
    for (const method of ['HEAD', 'GET']) {
      for (let times = 0; times < 20; times++) {
        const reply = await fetch(link, { method, headers })
        expect(reply.status).toBe(200)
        expect(reply.headers.get('cache-control')).toBe('no-store')
      }
    }
    for (let times = 0; times < 2; times++) {
      const scanner = await open(link)
      await scanner.getByRole('button', { name: 'Set new password' }).waitFor()
      for (const button of await scanner.getByRole('button').all()) {
        if (await button.isVisible()) await button.click()
      }
      await scanner.getByText('Type a new password.').first().waitFor()
      await scanner.close()
    }
    expect(await rowOf()).toEqual(before)
    expect(surroundings.resend.mails).toHaveLength(mailsBefore)
    expect(linkMailsTo(surroundings.resend, user.email).length).toBeLessThanOrEqual(1)

    const chosen = 'chosen by the reader at last'
    const reader = await open(link)
    await reader.getByLabel('New password', { exact: true }).fill(chosen)
    await reader.getByLabel('New password again').fill(chosen)
    await reader.getByRole('button', { name: 'Set new password' }).click()
    await reader.getByRole('heading', { name: 'Your password is changed' }).waitFor()
    const [after] = await rowOf()
    expect(await verify(after?.['password_hash'], chosen)).toBe(true)
    await reader.close()
  })

  /** Opens an address in a browser of its own, as it were: nothing is shared with other pages. */
  async function open(url: string): Promise<Page> {
    const page = await browser.newPage()
    await page.goto(url)
    return page
  }
})

/** A mail as it goes over the wire. */
async function compose(
  { from, to, subject, text, html }: ReceivedMail,
  textEncoding: 'quoted-printable' | 'base64' | undefined,
): Promise<string> {
  const composer = createTransport({ streamTransport: true, buffer: true, newline: 'windows' })
  const encoding = textEncoding ? { textEncoding } : {}
  const { message } = await composer.sendMail({
    from,
    to: [...to],
    subject,
    text: text ?? '',
    html: html ?? '',
    ...encoding,
  })
  return message.toString()
}

/** What a receiver makes of a text by RFC 3676. */
function receiveFlowed(text: string, delSp: 'yes' | 'no') {
  const type = `Content-Type: text/plain; charset=utf-8; format=flowed; delsp=${delSp}`
  return PostalMime.parse(`${type}\r\n\r\n${text.replaceAll('\n', '\r\n')}`)
}

/** Where the links of a mail lead to, and what they are called, to whoever opens it. */
async function anchorsOf(html: string): Promise<string[][]> {
  const page = await browser.newPage()
  await page.setContent(html)
  const anchors = await page.evaluate<string[][]>(`[...document.querySelectorAll('a[href^=http]')]
    .map((anchor) => [anchor.getAttribute('href'), anchor.textContent])`)
  await page.close()
  return anchors
}
