// How a connection is encrypted to a real server, as sslmode and DATABASE_CA ask for it.

import { chmod, chown, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts'
import { openDatabase } from '../../src/accounts/database.ts'
import { nameFailure } from '../../src/accounts/failures.ts'
import { type Certificate, makeCertificate } from '../support/certificate.ts'

let directory: string
let certificate: Certificate
let server: PostgresServer

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'rekey-tls-'))
  certificate = makeCertificate(['localhost'], ['::1'])
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')]
  await writeFile(key, certificate.key, { mode: 0o600 })
  await writeFile(cert, certificate.cert)
  if (process.getuid?.() === 0) {
    // The server's user is another one then, as demo/postgres-binaries.ts has it.
    const id = process.platform === 'darwin' ? 1 : 65_534
    await chown(key, id, id)
    await chmod(directory, 0o755)
  }
  server = await startPostgres({
    settings: { ssl: 'on', ssl_cert_file: cert, ssl_key_file: key },
  })
}, 60_000)

afterAll(async () => {
  await server?.stop()
  await rm(directory, { recursive: true })
})

async function ask(query: string, host = '127.0.0.1', ca?: string): Promise<unknown> {
  const url = server.url().replace('127.0.0.1', host) + query
  const opened = openDatabase({ url, ca, poolMax: 1, prepare: true })
  try {
    const [row] = await opened.read(() =>
      opened.db.execute(sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`),
    )
    return row?.['ssl']
  } catch (error) {
    return nameFailure(error)
  } finally {
    await opened.close()
  }
}

test.each([
  ['', false],
  ['?sslmode=disable', false],
  ['?sslmode=prefer', true],
  ['?sslmode=require', true],
  ['?sslmode=verify-full', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ['?ssl=true', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
])('with "%s" alone: %j', async (query, isEncrypted) => {
  expect(await ask(query)).toBe(isEncrypted)
})

test('DATABASE_CA is held against the certificate, and the host against its names', async () => {
  expect(await ask('', 'localhost', certificate.cert)).toBe(true)
  expect(await ask('', '127.0.0.1', certificate.cert)).toBe('ERR_TLS_CERT_ALTNAME_INVALID')
  const other = makeCertificate(['localhost'])
  expect(await ask('', 'localhost', other.cert)).toBe('DEPTH_ZERO_SELF_SIGNED_CERT')
})
