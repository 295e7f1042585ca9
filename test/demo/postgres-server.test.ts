// The embedded PostgreSQL: a real server that leaves nothing behind, however its owner ends.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { text } from 'node:stream/consumers'
import postgres from 'postgres'
import { expect, test } from 'vitest'
import { startPostgres } from '../../demo/postgres-server.ts'

async function query(url: string, statement: string): Promise<unknown> {
  const sql = postgres(url, { max: 1, connect_timeout: 5 })
  try {
    const [row] = await sql.unsafe(statement).values()
    return row?.[0]
  } finally {
    await sql.end()
  }
}

test('two servers start at once, are real, and leave nothing behind when stopped', async () => {
  const servers = await Promise.all([startPostgres(), startPostgres()])
  for (const server of servers) {
    expect(await query(server.url(), 'select version()')).toMatch(/^PostgreSQL 18\./)
    expect(existsSync(server.logFile)).toBe(true)
    await Promise.all([server.stop(), server.stop()])
    await expect(query(server.url(), 'select 1')).rejects.toThrow('ECONNREFUSED')
    expect(existsSync(dirname(server.logFile))).toBe(false)
  }
})

test('settings come before the defaults for throw-away data', async () => {
  const server = await startPostgres({ settings: { fsync: 'on' } })
  expect(await query(server.url(), 'show fsync')).toBe('on')
  await server.stop()
})

test('a password is needed', async () => {
  const server = await startPostgres()
  const url = new URL(server.url())
  url.password = 'postgres'
  await expect(query(url.href, 'select 1')).rejects.toThrow('password authentication failed')
  await server.stop()
})

test('a server that cannot start says why', async () => {
  await expect(startPostgres({ settings: { fsync: 'perhaps' } })).rejects.toThrow(
    /did not start.*parameter "fsync" requires a Boolean value/s,
  )
})

test('the server ends with its owner, even when that is killed', async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL('../../demo/postgres-server.ts', import.meta.url))}
    const { logFile } = await startPostgres()
    process.stdout.write(logFile)
    setInterval(() => {}, 1000)`
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [logFile] = await once(owner.stdout.setEncoding('utf8'), 'data')
  expect(existsSync(logFile)).toBe(true)
  owner.kill('SIGKILL')
  // The server's keeper shares this pipe with its owner, so it closes when both are gone.
  expect(await text(owner.stderr)).toBe('')
  expect(existsSync(dirname(logFile))).toBe(false)
})
