// Every preset fits the tables that its framework makes, and its page says what it sets.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../../src/accounts/database.ts'
import { writeGrants } from '../../../src/accounts/grants.ts'
import { findNeededRights } from '../../../src/accounts/needed-rights.ts'
import { createPostgresAccounts } from '../../../src/accounts/postgres-accounts.ts'
import type { Config } from '../../../src/config/config.ts'
import type { Preset } from '../../../src/config/presets/preset.ts'
import { presets } from '../../../src/config/presets/presets.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import { inspect } from '../../accounts/inspected.ts'
import { createRole, type TestRole } from '../../support/roles.ts'
import {
  createSurroundings,
  environmentFor,
  type Surroundings,
} from '../../support/surroundings.ts'
import { configWith } from '../readings.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe.each(Object.entries<Preset>(presets))('%s', (name, preset) => {
  test('fits the tables of its framework, with what its page recommends', async () => {
    const surroundings = await createSurroundings()
    const { database } = surroundings
    await database.sql.unsafe(read(`./${name}.sql`))
    const reading = readConfig({
      ...environmentFor(surroundings),
      USERS_PRESET: name,
      AFTER_RESET_SQL: preset.afterResetSql,
    })
    if ('faults' in reading) throw new Error(reading.faults.join('\n'))
    const opened = openDatabase(reading.config.database)
    expect((await inspect(opened.db, reading.config.users)).faults).toEqual([])
    await opened.close()
    await surroundings.end()
  })

  test('has a page that says what it sets and recommends', () => {
    const page = read(`../../../docs/presets/${name}.md`)
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(.*)` \|$/gm)].map(([, ...cells]) => cells)
    expect(Object.fromEntries(rows)).toEqual(preset.variables)
    if (preset.afterResetSql) expect(page).toContain(`\n${preset.afterResetSql}\n`)
    expect(page).toContain('An empty variable counts as not set')
  })

  test('gives way to single variables', () => {
    const required = { DATABASE_URL: 'postgres://a:b@localhost/c', RESET_PAGE_URL: 'https://a.b/' }
    const reading = readConfig({ ...required, USERS_PRESET: name, USERS_TABLE: 'a.b' })
    if (!('faults' in reading)) throw new Error('that environment is not complete')
    expect(reading.faults.filter((fault) => fault.startsWith('USERS_'))).toEqual([])
  })
})

test('a preset with a variable that is misspelled does not compile', () => {
  // @ts-expect-error There is no such variable.
  const preset: Preset = { variables: { USERS_TABEL: 'users' } }
  expect(preset).toBeDefined()
})

test('a variable that is empty leaves the value of the preset, and without the preset any can be left out', () => {
  const { users } = configWith({ USERS_PRESET: 'django', USERS_ELIGIBLE_SQL: '' })
  expect(users.eligibleSql).toBe('is_active')
  const { USERS_NAME_COLUMN: _, ...others } = presets.django.variables
  expect(configWith(others).users).toEqual({ ...users, name: undefined })
})

describe('with the views that the page of Supabase tells to make', () => {
  let surroundings: Surroundings
  let roles: TestRole[]
  let service: Database
  let config: Config

  beforeAll(async () => {
    surroundings = await createSurroundings()
    const { sql } = surroundings.database
    await sql.unsafe(read('./supabase.sql'))
    // As Supabase has them: the owner is another role, and what this one has it cannot give on.
    const postgres = await createRole(surroundings.database, 'BYPASSRLS')
    const ours = await createRole(surroundings.database)
    roles = [ours, postgres]
    const name = new URL(postgres.url).pathname.slice(1)
    await sql.unsafe(`
      GRANT CREATE ON DATABASE ${name} TO ${postgres.name};
      GRANT USAGE ON SCHEMA auth TO ${postgres.name};
      GRANT ALL ON ALL TABLES IN SCHEMA auth TO ${postgres.name};`)
    const page = read('../../../docs/presets/supabase.md')
    const [, statements = ''] = /```sql\n(.*?)```/s.exec(page) ?? []
    const [, lines = ''] = /```\n(USERS_TABLE=.*?)```/s.exec(page) ?? []
    const env = Object.fromEntries(
      lines.split('\n').flatMap((line) => {
        const [, variable = '', value] = /^(\w+)=(.*)$/.exec(line) ?? []
        return value === undefined ? [] : [[variable, value]]
      }),
    )
    config = configWith({ USERS_PRESET: 'supabase', DATABASE_URL: ours.url, ...env })
    const admin = openDatabase({ ...config.database, url: postgres.url })
    await admin.db.execute(statements)
    const grants = writeGrants(await findNeededRights(admin.db, config.users), ours.name)
    for (const grant of grants.filter((line) => !line.startsWith('--'))) {
      await admin.db.execute(grant)
    }
    await admin.close()
    service = openDatabase(config.database)
  })

  afterAll(async () => {
    await service?.close()
    for (const role of roles ?? []) await role.drop()
    await surroundings?.end()
  })

  test('its index serves the look-up', async () => {
    const { facts, warnings } = await inspect(service.db, config.users)
    expect(facts().lookUp).toBe('plain')
    expect(warnings).toEqual([])
  })

  test('a password is written and the sessions end, with no right on its tables', async () => {
    const { sql } = surroundings.database
    const id = '6f1c2c1e-6a55-4f4e-9f0c-0d9d3a3c1a11'
    await sql`INSERT INTO auth.users (id, email, encrypted_password) VALUES (${id}, 'a@b.c', 'old')`
    await sql`INSERT INTO auth.sessions VALUES (${id}, ${id})`
    const { facts } = await inspect(service.db, config.users)
    const accounts = createPostgresAccounts(service, config.users, facts())
    const [[account] = []] = await accounts.find([{ kind: 'address', text: 'A@b.c' }])
    if (!account) throw new Error('no such account')
    expect(await accounts.replacePassword(account, 'new')).toBe(true)
    const rows = await sql`SELECT encrypted_password AS hash FROM auth.users`
    expect([...rows, ...(await sql`SELECT FROM auth.sessions`)]).toEqual([{ hash: 'new' }])
    await expect(service.db.execute('SELECT FROM auth.users')).rejects.toThrow()
  })
})
