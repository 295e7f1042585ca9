// `rekey preview`: what it writes, serves and refuses.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type RekeyProcess, runRekey } from '../support/rekey-process.ts'

const LOCALES = ['ar', 'de', 'en', 'es', 'fr', 'ja']
const KINDS = ['no-password', 'password-changed', 'reset-link']

let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-preview-test-'))
})

afterEach(() => rmSync(folder, { recursive: true }))

const read = (path: string) => readFileSync(join(folder, path), 'utf8')

test('every message is written in every language, both parts, without a configuration', async () => {
  const target = join(folder, 'a', 'b')
  const { status, output, errors } = await runRekey(['preview', '--write-only', target], {}).ended
  expect([status, errors]).toEqual([0, ''])
  expect(output).toBe(`The messages are in ${target}\n`)
  expect(readdirSync(target).toSorted()).toEqual([...LOCALES, 'index.html'].toSorted())
  for (const locale of LOCALES) {
    const expected = KINDS.flatMap((kind) => [`${kind}.html`, `${kind}.txt`])
    expect(readdirSync(join(target, locale)).toSorted()).toEqual(expected)
  }
  expect(read('a/b/de/reset-link.txt')).toMatch(/^Neues Passwort für Rekey wählen\n\nGuten Tag Ada/)
  expect(read('a/b/index.html')).toContain('src="ar/no-password.html"')
})

test("the operator's brand, templates and languages show", async () => {
  const own = join(folder, 'own')
  mkdirSync(join(own, 'locales'), { recursive: true })
  const english = readFileSync(new URL('../../emails/locales/en.json', import.meta.url), 'utf8')
  writeFileSync(join(own, 'locales', 'nl.json'), english.replace('Hello', 'Dag'))
  writeFileSync(join(own, 'no-password.text.liquid'), 'Ours: {{ app_name }}, {{ support_email }}')
  writeFileSync(join(own, 'no-password.html.liquid'), '')
  const env = { MAIL_TEMPLATES_DIR: own, APP_NAME: 'Acme', SUPPORT_EMAIL: 'us@acme.example' }
  const target = join(folder, 'shown')
  const { status } = await runRekey(['preview', '--write-only', target], env).ended
  expect(status).toBe(0)
  expect(read('shown/nl/reset-link.txt')).toContain('Dag Ada Lovelace')
  expect(read('shown/ja/no-password.txt')).toMatch(/Ours: Acme, us@acme\.example\n$/)
  expect(read('shown/index.html')).toContain('<iframe src="ja/no-password.txt"')
})

test('the life of a link and the page to ask for one show, and misspelt variables are said', async () => {
  const env = {
    LINK_TTL_SECONDS: '7200',
    REQUEST_PAGE_URL: 'https://acme.example/ask',
    BRAND_COLOUR: '#123456',
  }
  const { status, errors } = await runRekey(['preview', '--write-only', folder], env).ended
  expect([status, errors]).toEqual([
    0,
    'warning: BRAND_COLOUR is not a variable of Rekey; was BRAND_COLOR meant?\n',
  ])
  expect(read('ar/reset-link.txt')).toContain('ساعتين')
  expect(read('en/password-changed.html')).toContain('href="https://acme.example/ask"')
})

test('an earlier preview is written over, and nothing else', async () => {
  const write = () => runRekey(['preview', '--write-only', folder], {}).ended
  expect(await write()).toMatchObject({ status: 0 })
  writeFileSync(join(folder, 'en/reset-link.txt'), 'outdated')
  writeFileSync(join(folder, 'mine.txt'), 'mine')
  expect(await write()).toMatchObject({ status: 0 })
  expect(read('en/reset-link.txt')).toContain('Hello Ada')

  writeFileSync(join(folder, 'index.html'), 'mine')
  const { status, output, errors } = await write()
  expect([status, output]).toEqual([1, ''])
  expect(errors).toMatch(
    /^The messages cannot be written: .* is not empty, and holds no preview\n$/,
  )
  expect([read('index.html'), read('mine.txt')]).toEqual(['mine', 'mine'])
})

test('no link in the folder is followed', async () => {
  const target = join(folder, 'shown')
  const write = () => runRekey(['preview', '--write-only', target], {}).ended
  await write()
  writeFileSync(join(folder, 'mine.txt'), 'mine')
  rmSync(join(target, 'de/reset-link.txt'))
  symlinkSync(join(folder, 'mine.txt'), join(target, 'de/reset-link.txt'))
  expect(await write()).toMatchObject({ status: 0 })
  expect([read('mine.txt'), read('shown/de/reset-link.txt')]).toEqual([
    'mine',
    expect.stringContaining('Guten Tag'),
  ])

  rmSync(join(target, 'de'), { recursive: true })
  symlinkSync(folder, join(target, 'de'))
  expect(await write()).toMatchObject({ status: 1, errors: expect.stringContaining('is a link') })
  expect(existsSync(join(folder, 'reset-link.txt'))).toBe(false)
})

test.each([
  ['an option that there is not', ['--port=1']],
  ['two folders', ['a', 'b']],
  ['a folder without a name', ['']],
])('it refuses %s', async (_, args) => {
  const { status, output, errors } = await runRekey(['preview', ...args], {}).ended
  expect([status, output]).toEqual([64, ''])
  expect(errors).toMatch(
    /\nusage: rekey preview \[--write-only\] \[folder\]\n`rekey preview --help`/,
  )
})

test('a broken template is named with its line, beside faulty variables', async () => {
  writeFileSync(join(folder, 'layout.text.liquid'), '\n{{ text.greeting }\n')
  const env = { MAIL_TEMPLATES_DIR: folder, BRAND_COLOR: 'blue' }
  const { status, output, errors } = await runRekey(['preview', '--write-only', folder], env).ended
  expect([status, output]).toEqual([78, ''])
  expect(errors).toContain('  BRAND_COLOR: ')
  expect(errors).toContain('  MAIL_TEMPLATES_DIR/layout.text.liquid line 2: ')
})

test('a folder that cannot be written to is said', async () => {
  writeFileSync(join(folder, 'file'), '')
  const target = join(folder, 'file')
  const { status, errors } = await runRekey(['preview', '--write-only', target], {}).ended
  expect(status).toBe(1)
  expect(errors).toMatch(/^The messages cannot be written: /)
})

test('served, the pages are there, and a change of a template shows at the next look', async () => {
  const own = join(folder, 'own')
  mkdirSync(own)
  const shown = join(folder, 'shown')
  const rekey = runRekey(['preview', shown], { MAIL_TEMPLATES_DIR: own })
  const origin = await addressOf(rekey)
  expect(new URL(origin).hostname).toBe('127.0.0.1')
  const look = async (path: string) => {
    const reply = await fetch(origin + path)
    return {
      status: reply.status,
      type: reply.headers.get('content-type'),
      body: await reply.text(),
    }
  }

  expect(await look('')).toMatchObject({
    status: 200,
    type: 'text/html; charset=utf-8',
    body: expect.stringContaining('<iframe src="en/reset-link.html"'),
  })
  expect(await look('en/reset-link.txt')).toMatchObject({
    type: 'text/plain; charset=utf-8',
    body: expect.stringContaining('Hello Ada Lovelace,'),
  })
  expect((await look('../../etc/passwd')).status).toBe(404)
  expect((await look('/')).status).toBe(404)
  expect((await look('?again')).status).toBe(200)

  const template = join(own, 'reset-link.text.liquid')
  writeFileSync(template, 'Dear reader, {{ link }}')
  expect((await look('en/reset-link.txt')).body).toMatch(/\n\nDear reader, https:\S+\n$/)
  expect(read('shown/en/reset-link.txt')).toContain('\n\nDear reader, https:')

  writeFileSync(template, 'Dear {{ <b> }}')
  expect(await look('en/reset-link.txt')).toMatchObject({
    type: 'text/html; charset=utf-8',
    body: expect.stringContaining('MAIL_TEMPLATES_DIR/reset-link.text.liquid line 1: '),
  })
  expect((await look('')).body).not.toContain('<b>')

  rmSync(template)
  expect((await look('en/reset-link.txt')).body).toContain('Hello Ada Lovelace,')
  rekey.child.kill('SIGINT')
  expect(await rekey.ended).toMatchObject({ status: 0, errors: '' })
  expect(existsSync(join(shown, 'index.html'))).toBe(true)
})

test('a folder of its own is gone once it ends', async () => {
  const rekey = runRekey(['preview'], { TMPDIR: folder })
  await addressOf(rekey)
  expect(readdirSync(folder)).toEqual([expect.stringMatching(/^rekey-preview-/)])
  rekey.child.kill('SIGTERM')
  expect(await rekey.ended).toMatchObject({ status: 0, errors: '' })
  expect(readdirSync(folder)).toEqual([])
})

/** Waits until it says where it listens. */
function addressOf({ child, ended }: RekeyProcess): Promise<string> {
  const listening = new Promise<string>((resolve) => {
    let said = ''
    child.stdout?.on('data', (chunk: string) => {
      said += chunk
      const [, origin] = /Open (http:\S+) to see them/.exec(said) ?? []
      if (origin) resolve(origin)
    })
  })
  const early = ended.then(({ errors }) => Promise.reject(new Error(`It ended: ${errors}`)))
  return Promise.race([listening, early])
}
