// Writes test/seeds/replies/originals.json anew with what the packages themselves answer:
//
//     PYTHONPATH=<their checkouts and Django> node test/interop/record-replies.ts
//
// It takes checkouts of django-rest-registration 0.9.0, django-rest-passwordreset 1.6.0 and dj-rest-auth
// 7.1.1, with Django 5.2, Django REST framework 3.18 and psycopg, all on PYTHONPATH.

import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { startPostgres } from '../../demo/postgres-server.ts'
import { requests } from '../seeds/replies/requests.ts'

const NEEDS =
  'PYTHONPATH has to hold the checkouts of django-rest-registration, django-rest-passwordreset and ' +
  'dj-rest-auth, Django, Django REST framework and psycopg'
const driver = fileURLToPath(new URL('drivers/app_originals.py', import.meta.url))
const file = new URL('../seeds/replies/originals.json', import.meta.url)

const server = await startPostgres()
try {
  const { hostname, port, username, password } = new URL(server.url())
  const { status, stdout, stderr } = spawnSync('python3', [driver], {
    input: JSON.stringify(requests),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    env: {
      ...process.env,
      // Debian's interpreter knows Debian's packages; another one on the path may not.
      PATH: `/usr/bin:${process.env['PATH']}`,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: 'postgres',
    },
  })
  if (status !== 0) throw new Error(`The packages cannot be asked. ${NEEDS}.\n${stderr}`)
  writeFileSync(file, `${JSON.stringify(JSON.parse(stdout), null, 2)}\n`)
} finally {
  await server.stop()
}
