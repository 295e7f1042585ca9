// What the operator reads of a database that cannot be used: the same words from serve and from doctor.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { findWords } from '../../src/accounts/failure-words.ts'
import { asUnavailable } from '../../src/accounts/failures.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { createRole, type TestRole } from '../support/roles.ts'

let database: TestDatabase
let role: TestRole

beforeAll(async () => {
  database = await createDatabase()
  role = await createRole(database)
})

afterAll(async () => {
  await role?.drop()
  await database?.drop()
})

async function failWith(change: (url: URL) => void | Promise<void>): Promise<string> {
  const url = new URL(role.url)
  await change(url)
  const opened = openDatabase({ url: url.href, ca: undefined, poolMax: 1, prepare: true })
  try {
    await opened.read(() => opened.db.execute('select 1'))
    return 'it answers'
  } catch (error) {
    return asUnavailable(error).message
  } finally {
    await opened.close()
  }
}

test.each<[string, string, (url: URL) => void | Promise<void>]>([
  [
    'a wrong password',
    'database: 28P01, the password is wrong, or there is no such role: correct the password in DATABASE_URL, or set it with ALTER ROLE',
    (url) => {
      url.password = 'canary'
    },
  ],
  [
    'a database that is not there',
    'database: 3D000, there is no such database: correct the name of the database in DATABASE_URL, or create it',
    (url) => {
      url.pathname = '/canary'
    },
  ],
  [
    'nobody who listens',
    'database: ECONNREFUSED, nobody listens there: start the server, or correct host and port in DATABASE_URL',
    async (url) => {
      url.port = String(await freePort())
    },
  ],
  [
    'a host that is not there',
    'database: ENOTFOUND, there is no such host: correct the host in DATABASE_URL',
    (url) => {
      url.hostname = 'canary.invalid'
    },
  ],
  [
    'a socket that is not there',
    'database: ENOENT, there is no such socket: start the server, or correct the host in DATABASE_URL',
    (url) => {
      url.host = '%2Fnowhere%2Fcanary'
    },
  ],
  [
    'a setting that the server refuses',
    'database: 22023, a setting of the connection has a value that the server refuses: correct the parameters of DATABASE_URL',
    (url) => {
      url.search = '?lock_timeout=canary'
    },
  ],
])('%s', async (_, says, change) => {
  expect(await failWith(change)).toBe(says)
})

test('a role that may have no more connections', async () => {
  await database.sql.unsafe(`alter role ${role.name} connection limit 0`)
  expect(await failWith(() => {})).toContain('53300, no connection is left for the role: lower')
  await database.sql.unsafe(`alter role ${role.name} connection limit -1`)
})

// PgBouncer's answer to a setting that it does not track.
test('a pooler that refuses the settings of the connection', () => {
  expect(findWords('08P01')?.remedy).toContain('DATABASE_PREPARE=false')
})

test('whatever is wrong with a certificate has one remedy', () => {
  const codes = ['SELF_SIGNED_CERT_IN_CHAIN', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_HAS_EXPIRED']
  for (const code of codes) expect(findWords(code)?.remedy).toContain('DATABASE_CA_FILE')
  expect(findWords('XX999')).toBeUndefined()
})
