// What a connection string says, by the forms that libpq's documentation and other drivers' give it.

import { expect, test } from 'vitest'
import { parseDatabaseUrl } from '../../src/core/database-url.ts'

const base = 'postgres://rekey:pw@db.example/app'
const faultOf = (url: string) => {
  try {
    parseDatabaseUrl(url)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

// https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-CONNSTRING-URIS
test.each<[string, [string | undefined, number | undefined][]]>([
  ['postgresql://', [[undefined, undefined]]],
  ['postgresql://localhost', [['localhost', undefined]]],
  ['postgresql://localhost:5433', [['localhost', 5433]]],
  [
    'postgresql://other@localhost/otherdb?connect_timeout=10&application_name=myapp',
    [['localhost', undefined]],
  ],
  [
    'postgresql://host1:123,host2:456/somedb?target_session_attrs=any',
    [
      ['host1', 123],
      ['host2', 456],
    ],
  ],
  ['postgresql://[2001:db8::1234]/database', [['2001:db8::1234', undefined]]],
  [
    'postgresql://[::1]:5433,[::2]:5434/database',
    [
      ['::1', 5433],
      ['::2', 5434],
    ],
  ],
  ['postgresql:///dbname?host=/var/lib/postgresql', [['/var/lib/postgresql', undefined]]],
  ['postgresql://%2Fvar%2Flib%2Fpostgresql/dbname', [['/var/lib/postgresql', undefined]]],
  ['postgresql://u:p@/db?host=/cloudsql/a:b:c', [['/cloudsql/a:b:c', undefined]]],
  [
    'postgresql:///db?host=a,b&port=1,2',
    [
      ['a', 1],
      ['b', 2],
    ],
  ],
  [
    'postgresql:///db?host=a,b&port=5',
    [
      ['a', 5],
      ['b', 5],
    ],
  ],
  ['POSTGRES://a/b', [['a', undefined]]],
])('%s', (url, hosts) => {
  expect(parseDatabaseUrl(url).hosts).toEqual(hosts.map(([host, port]) => ({ host, port })))
})

test('names and passwords are percent-decoded, wherever they stand', () => {
  expect(parseDatabaseUrl('postgres://a%40b:c%3Ad:e@h/f%20g')).toMatchObject({
    user: 'a@b',
    password: 'c:d:e',
    database: 'f g',
  })
  expect(parseDatabaseUrl('postgres://h?user=a&password=p%26q&dbname=d')).toMatchObject({
    user: 'a',
    password: 'p&q',
    database: 'd',
  })
})

test.each([
  'postgres://h:0/d',
  'postgres://h:65536/d',
  'postgres://h:x/d',
  'postgres://h:1,/d',
  'postgres://,h/d',
  'postgres://[::1/d',
  'postgres://[1.2.3.4]/d',
  'postgres://a b/d',
  'postgres://a<b/d',
  'postgres://::1/d',
  'postgres:/h/d',
  'host=h dbname=d',
])('%s is refused', (url) => {
  expect(faultOf(url)).toBeDefined()
})

test.each([
  'postgresql+asyncpg',
  'postgresql+psycopg2',
  'postgres+pg8000',
  'jdbc:postgresql',
  'r2dbc:postgresql',
  'postgis',
  'pgsql',
  'psql',
])('%s:// is said to be written for another driver', (scheme) => {
  expect(faultOf(`${scheme}://rekey:pw@db.example/app`)).toBe(
    'is written for another driver: begin it with postgres:// instead',
  )
})

test.each<[string, string]>([
  ['schema=Auth', '"Auth"'],
  ['schema=a%22b', '"a""b"'],
  ['currentSchema=auth,public', 'auth,public'],
  ['schema_search_path=auth,public', 'auth,public'],
  ['search_path=auth', 'auth'],
  ['schema=prisma&search_path=auth', 'auth'],
])('%s is the search path', (query, path) => {
  expect(parseDatabaseUrl(`${base}?${query}`).settings).toEqual({ search_path: path })
})

test.each([
  // Prisma, Supabase, Vercel
  'pgbouncer=true',
  'connection_limit=1',
  'pool_timeout=15',
  'sslaccept=strict',
  'socket_timeout=5',
  'statement_cache_size=0',
  'supa=base-pooler.x',
  'workaround=supabase-pooler.vercel',
  // asyncpg, SQLAlchemy
  'prepared_statement_cache_size=0',
  'command_timeout=60',
  // JDBC
  'prepareThreshold=0',
  'reWriteBatchedInserts=true',
  // node-postgres, postgres.js
  'uselibpqcompat=true',
  'idle_timeout=20',
  'max=5',
  // Rails, Django, Laravel, Doctrine, pgx, golang-migrate
  'pool=5',
  'encoding=utf8',
  'conn_max_age=600',
  'charset=utf8',
  'serverVersion=16',
  'pool_max_conns=10',
  'x-migrations-table=m',
  // Spelled otherwise
  'connectionLimit=1',
  'pool-size=1',
  // What Rekey sets itself
  'TimeZone=Europe/Berlin',
  'client_encoding=utf8',
  'statement_timeout=30s',
  'statement_timeout=0',
])('%s does nothing', (parameter) => {
  const { foreign, settings } = parseDatabaseUrl(`${base}?${parameter}`)
  expect([foreign, settings]).toEqual([[parameter.split('=')[0]], {}])
})

test.each([
  ['statement_timeout=300', { statement_timeout: '300' }],
  ['statement_timeout=4s', { statement_timeout: '4s' }],
  ['lock_timeout=1s&application_name=x', { lock_timeout: '1s', application_name: 'x' }],
  ['options=-c%20geqo%3Doff', { options: '-c geqo=off' }],
  ['app.tenant=7', { 'app.tenant': '7' }],
])('%s is sent to the server', (query, settings) => {
  expect(parseDatabaseUrl(`${base}?${query}`)).toMatchObject({ settings, foreign: [] })
})

test.each([
  ['sslmod=require', 'has sslmod, which Rekey does not know'],
  ['Target_Session_Attrs=any', 'has Target_Session_Attrs, which Rekey does not know'],
  ['s3cr%20et=1', 'has a parameter, which Rekey does not know'],
  ['channel_binding=require', 'has channel_binding, which only libpq knows'],
  ['sslrootcert=/etc/ca.pem', 'has sslrootcert, which only libpq knows'],
  ['hostaddr=1.2.3.4', 'has hostaddr, which only libpq knows'],
  ['target_session_attrs=standby', 'must have target_session_attrs=read-write, primary or any'],
  ['target_session_attrs=read-only', 'must have target_session_attrs=read-write, primary or any'],
  ['sslmode=verify', 'must have sslmode as one of'],
  ['ssl=yes', 'must have ssl as true or false'],
  ['connect_timeout=0', 'must have connect_timeout in whole seconds'],
  ['connect_timeout=soon', 'must have connect_timeout in whole seconds'],
])('%s is refused by name', (query, fault) => {
  expect(faultOf(`${base}?${query}`)).toMatch(fault)
})

test('a server that can only be read is left, unless any will do', () => {
  const attrs = ['read-write', 'primary', 'any'].map((value) => `?target_session_attrs=${value}`)
  const needs = ['', ...attrs].map((query) => parseDatabaseUrl(base + query).needsWritable)
  expect(needs).toEqual([true, true, true, false])
})
