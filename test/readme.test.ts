// Runs what the README, and the pages that it sends its readers to, tell them to type or to copy.

import { execFile } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Demo, startDemo } from '../demo/start-demo.ts'
import { readConfig } from '../src/config/read-config.ts'
import { generateSecret } from '../src/core/key-ring.ts'
import { launchBrowser } from './support/browser.ts'
import { createDatabase, type TestDatabase } from './support/database.ts'
import { freePort } from './support/free-port.ts'
import { claimsOf, createKey, jwtVariables, sign, startIssuer } from './support/jwt-issuer.ts'
import { expectRefusalOfOldNode } from './support/old-node.ts'
import { endProcess, originOf, runRekey } from './support/rekey-process.ts'
import { runProgram } from './support/run-program.ts'
import { startServiceProcess } from './support/service.ts'
import { startSmtp } from './support/smtp-stand-in.ts'
import { createSurroundings, environmentFor } from './support/surroundings.ts'
import { addUser, createUsers } from './support/users.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8')
const readme = read('README.md')
const snippets = (language: string, text = readme) =>
  [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    (match) => match[1] ?? '',
  )
const envFile = Object.fromEntries(
  [...(snippets('ini')[0] ?? '').matchAll(/^([A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [
    name,
    value,
  ]),
)

test('every npm script that the documents name exists', () => {
  const { scripts } = JSON.parse(read('package.json'))
  const documents = readme + read('CONTRIBUTING.md') + read('SECURITY.md') + read('docs/support.md')
  const named = [...documents.matchAll(/npm (?:run )?(\w+(?::\w+)*)/g)].map(([, name]) => name)
  const ours = named.filter((name) => !['ci', 'brings', 'and', 'scripts'].includes(name ?? ''))
  expect(ours.filter((name) => !(name && name in scripts))).toEqual([])
})

test('every file that the documents link to exists', () => {
  const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md')]
  const links = pages.flatMap((page) =>
    [...read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, file = '']) =>
      join(dirname(page), file),
    ),
  )
  expect(links.filter((file) => !existsSync(join(root, file)))).toEqual([])
})

test('the environment for the container is a configuration', () => {
  const reading = readConfig({ ...envFile, LINK_SECRETS: generateSecret() })
  expect(reading).not.toHaveProperty('faults')
  expect(reading.warnings).toEqual([])
})

test('the commands for the container are those that it has', () => {
  const [, program = ''] =
    /ln -s \/app\/(\S+) \/usr\/local\/bin\/rekey/.exec(read('Dockerfile')) ?? []
  const documents = readme + read('docs/support.md')
  const named = [...documents.matchAll(/^docker run .* rekey rekey (\w+)(?: \S+)*$/gm)].map(
    ([, name]) => name,
  )
  expect(program).toBe('dist/main.js')
  expect(named).toEqual([
    'keygen',
    'grants',
    'doctor',
    'verify',
    'migrate',
    'explain',
    'link',
    'link',
  ])
})

describe('with the build', () => {
  const program = fileURLToPath(new URL('../dist/main.js', import.meta.url))

  beforeAll(() => promisify(execFile)(process.execPath, ['build.ts']))

  test('rekey is a program that prints a secret', async () => {
    expect(readFileSync(program, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    accessSync(program, constants.X_OK)
    const { stdout } = await promisify(execFile)(process.execPath, [program, 'keygen'])
    expect(stdout).toMatch(/^rk1_[\w-]{43}\n$/)
  })

  test('it refuses a Node that is too old', () => expectRefusalOfOldNode([program, 'keygen'], root))

  test('it says which version it is, and what it can do', async () => {
    const ask = (word: string) => runProgram(process.execPath, [program, word], {}, root)
    const { version } = JSON.parse(read('package.json'))
    expect(await ask('--version')).toEqual({ status: 0, output: `${version}\n`, errors: '' })
    expect((await ask('--help')).output).toMatch(/^usage: rekey \[command\]/)
  })

  test('an application that installs the package has the client, with its types', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'rekey-package-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'rekey'), 'junction')
    const code = (snippets('ts')[0] ?? '').replaceAll(/^export /gm, '')
    writeFileSync(join(folder, 'app.mts'), code)
    writeFileSync(join(folder, 'wrong.mts'), code.replace('{ email }', '{ mail: email }'))
    const check = (file: string) => {
      const lib = ['--target', 'es2022', '--lib', 'es2022,dom', '--module', 'nodenext']
      const args = [tsc, file, '--ignoreConfig', '--noEmit', '--strict', ...lib, '--types', '']
      return promisify(execFile)(process.execPath, args, { cwd: folder })
    }
    await check('app.mts')
    await expect(check('wrong.mts')).rejects.toMatchObject({
      stdout: expect.stringContaining("'mail' does not exist"),
    })
    const script = "import * as all from 'rekey/client'; console.log(Object.keys(all).join())"
    const args = ['--input-type=module', '-e', script]
    const run = await promisify(execFile)(process.execPath, args, { cwd: folder })
    expect(run.stdout.trim()).toBe('createClient,parseLink,takeLink')
    await rm(folder, { recursive: true })
  })

  test('an application that installs the package has the plugin, with its types', async () => {
    const surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql)
    const folder = mkdtempSync(join(tmpdir(), 'rekey-package-'))
    mkdirSync(join(folder, 'node_modules'))
    symlinkSync(root, join(folder, 'node_modules', 'rekey'), 'junction')
    for (const name of ['fastify', '@types']) {
      const installed = join(root, 'node_modules', name)
      symlinkSync(installed, join(folder, 'node_modules', name), 'junction')
    }
    const code = [
      "import Fastify from 'fastify'",
      "import { type Limiter, rekey } from 'rekey'",
      'const requests: Limiter = { count: () => 0, waitFor: () => 0 }',
      'const app = Fastify()',
      'await app.register(rekey, { env: process.env, limits: { requests } })',
      "const reply = await app.inject('/api/v1/accounts/password-rules')",
      'console.log(reply.statusCode)',
      'await app.close()',
    ].join('\n')
    writeFileSync(join(folder, 'app.mts'), code)
    writeFileSync(join(folder, 'wrong.mts'), code.replace('waitFor:', 'waitsFor:'))
    const check = (file: string) => {
      const args = [tsc, file, '--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext']
      const types = ['--target', 'es2024', '--types', 'node']
      return promisify(execFile)(process.execPath, [...args, ...types], { cwd: folder })
    }
    await check('app.mts')
    await expect(check('wrong.mts')).rejects.toMatchObject({
      stdout: expect.stringContaining("'waitsFor' does not exist"),
    })
    const { RATE_LIMIT_REQUESTS: _replaced, ...env } = environmentFor(surroundings)
    const run = await promisify(execFile)(process.execPath, ['app.mts'], { cwd: folder, env })
    expect(run.stdout.trim()).toBe('200')
    await rm(folder, { recursive: true })
    await surroundings.end()
    // Twice the compiler, over Fastify's types.
  }, 60_000)

  test('it sends mails by both transports, and serves its pages', async () => {
    const surroundings = await createSurroundings()
    const smtp = await startSmtp()
    await createUsers(surroundings.database.sql)
    for (const transport of ['resend', 'smtp']) {
      const { email } = await addUser(surroundings.database.sql)
      const env = {
        MAIL_TRANSPORT: transport,
        SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
        HOSTED_PAGE: 'true',
      }
      const service = await startServiceProcess(surroundings, env, [program])
      await service.post('send-reset-password-link', { email })
      for (const page of ['', 'request', 'reset-page.js', 'page.css']) {
        expect((await service.ask(`/reset/${page}`)).status, page).toBe(200)
      }
      if (transport === 'smtp') await smtp.waitForMail(({ to }) => to.includes(email))
      else await surroundings.resend.waitForMail(({ to }) => to.includes(email))
      expect(await endProcess(service)).toMatchObject({ status: 0 })
    }
    await smtp.stop()
    await surroundings.end()
  })

  test('it changes a password by the command given', async () => {
    const surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql)
    const user = await addUser(surroundings.database.sql)
    const key = await createKey()
    const issuer = await startIssuer(key)
    const env = { JWKS_URL: issuer.url, ...jwtVariables }
    const service = await startServiceProcess(surroundings, env, [program])

    const command = snippets('sh', read('docs/change-password.md'))[0] ?? ''
    const token = await sign(key, claimsOf(user.id))
    const [, name = '', value = ''] = /-H "(\w+): ([^"]+)"/.exec(command) ?? []
    const [, path] = /localhost:3000(\S+)/.exec(command) ?? []
    const [, data = ''] = /-d '(.*)'/.exec(command) ?? []
    const filled = { old_password: user.password, password: 'a new password' }
    const reply = await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [name]: value.replace('$TOKEN', token) },
      body: JSON.stringify({ ...JSON.parse(data), ...filled }),
    })
    expect(await reply.text()).toBe(/^# (.*)$/m.exec(command)?.[1])

    expect(await endProcess(service)).toMatchObject({ status: 0 })
    await issuer.stop()
    await surroundings.end()
  })

  test('it explains a request and mails a link for support staff', async () => {
    const surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql)
    const { email, id } = await addUser(surroundings.database.sql)
    const env = environmentFor(surroundings)
    const run = (command: string) =>
      promisify(execFile)(process.execPath, [program, command, email], { env })
    expect((await run('explain')).stdout).toContain('reset-link would be mailed\n')
    expect((await run('link')).stdout).toBe(`A link was mailed to account ${id}.\n`)
    expect((await surroundings.resend.waitForMail(1)).to).toEqual([email])
    await surroundings.end()
  })

  test('it starts without Docker by the command given', async () => {
    const database = await createDatabase()
    const { sql, url } = database
    await sql`CREATE TABLE users (id int PRIMARY KEY, email text, password_hash text, is_active bool)`
    const folder = mkdtempSync(join(tmpdir(), 'rekey-readme-'))
    const values = { ...envFile, DATABASE_URL: url, LINK_SECRETS: generateSecret() }
    const lines = Object.entries(values).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(join(folder, '.env'), lines.join(''))

    const [, command = ''] = /`node (--env-file\S+ \S+)`/.exec(readme) ?? []
    const args = command.replace('dist/main.js', program).split(' ')
    const rekey = runRekey([], { HOST: '127.0.0.1', PORT: '0' }, args, folder)
    await originOf(rekey)
    expect(await endProcess(rekey)).toMatchObject({ status: 0 })
    await rm(folder, { recursive: true })
    await database.drop()
  })
})

describe('with a database of the shape that the README maps', () => {
  let database: TestDatabase

  beforeAll(async () => {
    database = await createDatabase()
    await database.sql`CREATE TABLE users (id int PRIMARY KEY, email text, password_hash text)`
  })

  afterAll(() => database.drop())

  test('the index can be made', async () => {
    for (const statement of snippets('sql')) await database.sql.unsafe(statement)
    const indexes = await database.sql`SELECT indexdef FROM pg_indexes WHERE tablename = 'users'`
    expect(indexes.some(({ indexdef }) => indexdef.includes('lower(email)'))).toBe(true)
  })
})

describe('with the demo running', () => {
  let demo: Demo
  let origin: string
  let outbox: string

  beforeAll(async () => {
    const port = await freePort()
    const options = { port, appPort: await freePort(), linkSecret: generateSecret() }
    const started = await startDemo(options, new Promise(() => {}))
    if (!started) throw new Error('the demo was told to stop')
    demo = started
    origin = `http://localhost:${port}`
    outbox = `${origin}/outbox`
  })

  afterAll(() => demo?.stop())

  const newestLink = async (address: string): Promise<URL> => {
    for (;;) {
      const reply = await fetch(outbox, { headers: { accept: 'application/json' } })
      const { mails } = (await reply.json()) as { mails: { to: string; text: string }[] }
      const [link] = mails
        .filter((mail) => mail.to === address)
        .flatMap((mail) => mail.text.match(/^http\S+timestamp\S+$/m) ?? [])
      if (link) return new URL(link)
    }
  }

  test('the curl commands get the answers that stand below them', async () => {
    const shell = snippets('sh').find((block) => block.includes('curl')) ?? ''
    const steps = shell.trim().split(/\n\n/)
    expect(steps).toHaveLength(4)
    for (const step of steps) {
      const path = /localhost:3000(\S+)/.exec(step)?.[1] ?? ''
      const data = /-d '(.*)'/.exec(step)?.[1]
      const answer = /^# (.*)$/m.exec(step)?.[1]
      const values = data?.includes('signature')
        ? (await newestLink('ada@example.com')).searchParams
        : []
      const filled: Record<string, string> = {
        password: 'a new password',
        ...Object.fromEntries(values),
      }
      const reply = await fetch(origin + path, {
        method: data ? 'POST' : 'GET',
        headers: { 'content-type': 'application/json' },
        ...(data && {
          body: data.replace(/"(\w+)":"\.\.\."/g, (_, name) => `"${name}":"${filled[name]}"`),
        }),
      })
      const body = await reply.text()
      expect(reply.status, body).toBe(200)
      if (answer) expect(withoutTimes(body)).toBe(withoutTimes(answer))
    }
  })

  test('the code for a single-page app asks for a link and chooses a password', async () => {
    const bundle = await build({
      stdin: {
        contents: (snippets('ts')[0] ?? '').replace('http://localhost:3000', origin),
        loader: 'ts',
      },
      alias: { 'rekey/client': fileURLToPath(new URL('../src/page/client.ts', import.meta.url)) },
      bundle: true,
      format: 'iife',
      globalName: 'app',
      write: false,
    })
    const code = bundle.outputFiles[0]?.text ?? ''
    const browser = await launchBrowser()
    const page = await browser.newPage()
    const call = (expression: string) => page.evaluate(`${code}; app.${expression}`)
    // Any page of the application's origin will do; this one has no script of its own.
    const { origin: application } = await newestLink('ada@example.com')

    await page.goto(`${application}/accounts`)
    expect(await call("choosePassword('x')")).toBe('Open the link from the mail.')
    expect(await call("forgotPassword('grace@example.com')")).toBe('Look into your mailbox.')

    const { search } = await newestLink('grace@example.com')
    await page.goto(`${application}/accounts${search}`)
    expect(await call("choosePassword('12345678')")).toBe(
      'password_rejected: This password is too common. This password is entirely numeric.',
    )
    expect(page.url()).toBe(`${application}/accounts`)

    await page.goto(`${application}/accounts${search}`)
    expect(await call("choosePassword('a new password')")).toBe('You can sign in now.')
    await browser.close()
  })
})

function withoutTimes(text: string): string {
  return text.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/, 'TIME')
}
