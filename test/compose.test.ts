// Reads compose.yaml as Docker would, holds it to the service, and plays it without containers.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { EnvironmentSchema } from '../src/config/environment.ts'
import { readConfig } from '../src/config/read-config.ts'
import { generateSecret } from '../src/core/key-ring.ts'
import { createDatabase, type TestDatabase } from './support/database.ts'
import { endProcess, originOf, type RekeyProcess, runRekey } from './support/rekey-process.ts'
import { linkIn } from './support/resend-stand-in.ts'
import { type SmtpStandIn, startSmtp } from './support/smtp-stand-in.ts'

interface Service {
  readonly image: string
  readonly build?: string
  readonly pull_policy?: string
  readonly command?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { condition: string }>>
  readonly environment?: Readonly<Record<string, string>>
  readonly network_mode?: string
  readonly ports?: readonly string[]
  readonly volumes?: readonly string[]
}

const source = readFileSync(new URL('../compose.yaml', import.meta.url), 'utf8')
const file: { services: Record<string, Service>; volumes: Record<string, null> } = parse(
  // Compose fills in what follows a single dollar sign.
  source.replaceAll('$$', '\ue000').replace(/\$/g, '(variable)').replaceAll('\ue000', '$'),
  { merge: true },
)
const services = Object.entries(file.services)
const service = (name: string): Service => {
  const found = file.services[name]
  if (!found) throw new Error(`There is no service ${name}`)
  return found
}
const rekey = service('rekey').environment ?? {}
const secretFile = () => service('secret').command?.join(' ').split(' > ')[1]

let folder: string
let env: Record<string, string>

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-compose-'))
  writeFileSync(join(folder, 'link'), `${generateSecret()}\n`)
  env = { ...rekey, LINK_SECRETS_FILE: join(folder, 'link') }
})

afterAll(() => rmSync(folder, { recursive: true }))

test('all that services name is there', () => {
  for (const [, { depends_on = {}, network_mode, volumes = [] }] of services) {
    const networks = [network_mode].filter((mode) => mode !== undefined)
    const named = [
      ...Object.keys(depends_on),
      ...networks.map((mode) => mode.replace(/^service:/, '')),
    ]
    expect(Object.keys(file.services)).toEqual(expect.arrayContaining(named))
    const mounted = volumes.map((volume) => volume.split(':')[0])
    expect(Object.keys(file.volumes)).toEqual(expect.arrayContaining(mounted))
  }
  expect(source.replaceAll('$$', '')).not.toContain('$')
})

test('what is built here is asked of no registry', () => {
  const built = services.filter(([, { build }]) => build !== undefined)
  expect(built.map(([name]) => name)).toEqual(['secret', 'table', 'rekey'])
  for (const [, { pull_policy }] of built) expect(pull_policy).toBe('build')
})

test('every variable of Rekey is one, and together they are a configuration', () => {
  const known = Object.keys(EnvironmentSchema.properties)
  const names = [rekey, service('table').environment ?? {}].flatMap(Object.keys)
  expect(known).toEqual(expect.arrayContaining(names.map((name) => name.replace(/_FILE$/, ''))))
  const reading = readConfig(env)
  expect(reading).not.toHaveProperty('faults')
  // The network of the file is its own, and its database has no certificate.
  expect(reading.warnings).toEqual([expect.stringMatching(/^DATABASE_URL: no TLS/)])
})

test('the database, the secret and the mails are where Rekey looks for them', () => {
  const url = new URL(rekey['DATABASE_URL'] ?? '')
  const { POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB } = service('database').environment ?? {}
  expect([url.hostname, url.username, url.password, url.pathname]).toEqual([
    'database',
    POSTGRES_USER,
    POSTGRES_PASSWORD,
    `/${POSTGRES_DB}`,
  ])
  expect(service('table').environment).toEqual({ DATABASE_URL: rekey['DATABASE_URL'] })
  expect(service('account').environment).toEqual({
    PGHOST: url.hostname,
    PGUSER: url.username,
    PGPASSWORD: url.password,
    PGDATABASE: url.pathname.slice(1),
  })
  expect(rekey['LINK_SECRETS_FILE']).toBe(secretFile())
  expect(new URL(rekey['SMTP_URL'] ?? '').port).toBe('1025')
})

test('what has a port has it on the loopback address, Rekey the one of its links', () => {
  const ports = services.flatMap(([, { ports = [] }]) => ports)
  expect(ports).toEqual([expect.stringMatching(/^127\.0\.0\.1:8025:/), '127.0.0.1:3000:3000'])
  expect(EnvironmentSchema.properties.PORT.default).toBe(3000)
  expect(new URL(rekey['RESET_PAGE_URL'] ?? '').host).toBe('localhost:3000')
})

describe('without containers', () => {
  let database: TestDatabase
  let smtp: SmtpStandIn
  let running: RekeyProcess

  beforeAll(async () => {
    database = await createDatabase()
    // Without a certificate and a login, as Mailpit.
    smtp = await startSmtp()
  })

  afterAll(async () => {
    if (running) await endProcess(running)
    await smtp?.stop()
    await database?.drop()
  })

  test('it comes to a mail whose link opens the page', async () => {
    const [, ...migrate] = service('table').command ?? []
    const made = await runRekey(migrate, { DATABASE_URL: database.url }).ended
    expect(made).toMatchObject({ status: 0, errors: '' })
    const insert = service('account').command?.at(-1) ?? ''
    // Each time it starts.
    for (let times = 0; times < 2; times++) await database.sql.unsafe(insert)
    const users = await database.sql`select email, password_hash from users`
    expect(users).toHaveLength(1)
    expect(await verify(users[0]?.['password_hash'], 'a forgotten password')).toBe(true)

    running = runRekey(['serve'], {
      ...env,
      DATABASE_URL: database.url,
      SMTP_URL: (rekey['SMTP_URL'] ?? '').replace('1025', String(smtp.port)),
      HOST: '127.0.0.1',
      PORT: '0',
    })
    const origin = await originOf(running)
    const asked = await fetch(`${origin}/api/v1/accounts/send-reset-password-link`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: users[0]?.['email'] }),
    })
    expect(asked.status).toBe(200)
    const mail = await smtp.waitForMail(({ to }) => to.includes('ada@example.com'))
    const link = new URL(linkIn(mail.content))
    expect(link.origin).toBe('http://localhost:3000')
    const page = await fetch(`${origin}${link.pathname}${link.search}`)
    expect([page.status, await page.text()]).toEqual([200, expect.stringMatching(/<form/)])
  })
})
