// The warning at the start that PASSWORD_HASH names a format which most rows are not in.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { sampleAtStart } from '../../src/accounts/hash-census.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { describeFinding } from '../../src/core/finding.ts'
import { assembleHashMeter } from '../../src/service/assemble-hash-meter.ts'
import { vectors } from '../hashing/vectors.ts'
import { confide } from '../support/discretion.ts'
import { startService } from '../support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

beforeEach(() => surroundings.database.sql`truncate users`)

afterAll(() => surroundings?.end())

const hashOf = (format: string): string => {
  const vector = vectors.find((each) => each.format === format)
  if (!vector) throw new Error(`no vector of ${format}`)
  return confide(vector.hash)
}
const rows = {
  argon2id: hashOf('argon2id'),
  bcrypt_2y: hashOf('bcrypt_2y'),
  django: hashOf('django_pbkdf2_sha256'),
  unknown: confide('$pbkdf2-sha256$29000$c2FsdHNhbHQ$a2V5a2V5a2V5'),
  bare: confide(`${'0a'.repeat(16)}:${'0b'.repeat(64)}`),
}

async function addRows(hashes: readonly (string | null)[]): Promise<void> {
  for (const password_hash of hashes) {
    await addUser(surroundings.database.sql, { password_hash })
  }
}

/** Looks as the start does. @returns what it would warn of */
async function look(format: string, env = {}): Promise<string | undefined> {
  const own = { ...environmentFor(surroundings), PASSWORD_HASH: format, ...env }
  const reading = readConfig(own)
  if ('faults' in reading) throw new Error(reading.faults.join('\n'))
  const { config } = reading
  const { db, close } = openDatabase(config.database)
  const foreign = await sampleAtStart(db, config.users, assembleHashMeter(config))
  await close()
  return foreign && describeFinding(foreign)
}

test('the start warns, and the service works', async () => {
  await addRows([rows.django])
  const service = await startService(surroundings, { PASSWORD_HASH: 'bcrypt' })
  const line = await service.log.waitFor(({ msg }) => String(msg).startsWith('PASSWORD_HASH='))
  expect(line).toMatchObject({
    level: 40,
    msg: expect.stringContaining(
      'PASSWORD_HASH=bcrypt, and 1 of 1 hashes are in other formats (1 django_pbkdf2_sha256): ',
    ),
  })
  expect(await service.stop()).toBe(0)
})

test.each([
  ['another known format', 'bcrypt', [rows.django, rows.django, rows.argon2id], '3 of 3'],
  ['an unknown format', 'argon2id', [rows.argon2id, rows.unknown, rows.unknown], '2 of 3'],
  ['a shape that says nothing', 'argon2id', [rows.bare, null, '!', rows.bare], '2 of 2'],
  ['one of another prefix', 'bcrypt_2y', [hashOf('bcrypt').replace(/^\$2./, '$2b')], '1 of 1'],
])(
  'most rows in %s: the start has that to say, with the counts',
  async (_, format, hashes, counts) => {
    await addRows(hashes)
    const warning = await look(format)
    expect(warning).toContain(`PASSWORD_HASH=${format}, and ${counts} hashes are in other formats`)
    expect(warning).toContain(' -> set PASSWORD_HASH to ')
  },
)

test.each([
  ['an empty table', 'bcrypt', []],
  ['rows without a hash', 'bcrypt', [null, '!', '']],
  ['rows in the very format', 'argon2id', [rows.argon2id, rows.argon2id]],
  ["rows in Laravel's spelling of it", 'bcrypt_2y', [rows.bcrypt_2y]],
  ['rows whose prefix the format keeps', 'bcrypt', [rows.bcrypt_2y]],
  ['a migration that is half done', 'argon2id', [rows.argon2id, rows.django, null]],
  ['no format that is named', 'auto', [rows.unknown, rows.bare]],
])('%s: the start has nothing to say', async (_, format, hashes) => {
  await addRows(hashes)
  expect(await look(format)).toBeUndefined()
})

test('the look is bounded: at most 1,000 rows, for at most a second', async () => {
  const { sql } = surroundings.database
  await addRows([rows.django])
  await sql`
    create view slow as select id, email, password_hash from users
    where case when current_setting('statement_timeout') = '1s' then pg_sleep(60) is not null else true end`
  await surroundings.database.logStatements()
  const warning = await look('bcrypt', { USERS_TABLE: 'slow' })
  expect(warning).toBeUndefined()
  const statements = await surroundings.database.statements()
  const at = statements.indexOf('SET LOCAL statement_timeout = 1000')
  expect(statements[at + 1]).toMatch(/"password_hash".*\sFROM "slow"\s.* LIMIT \$1/s)
  await sql`drop view slow`
})
