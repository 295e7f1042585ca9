// Gives a test file an empty database of its own on the PostgreSQL of the run.

import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import postgres, { type Sql } from 'postgres'
import { inject } from 'vitest'

export interface TestDatabase {
  readonly url: string
  /** The superuser, for arranging and asserting. Its own statements are never logged. */
  readonly sql: Sql
  /** From now on, statements of new connections are logged. */
  logStatements(): Promise<void>
  /** @returns Every statement logged so far, in order, and what the client libraries send themselves. */
  statements(): Promise<string[]>
  /** Closes `sql` and removes the database, whoever is still connected. */
  drop(): Promise<void>
}

export async function createDatabase(): Promise<TestDatabase> {
  const { adminUrl, logFile } = inject('postgres')
  const name = `test_${randomBytes(8).toString('hex')}`
  await asAdmin(adminUrl, (admin) => admin`create database ${admin(name)}`)

  const url = new URL(adminUrl)
  url.pathname = name
  const sql = postgres(url.href, {
    max: 4,
    onnotice: () => {},
    connection: { log_statement: 'none' },
  })
  return {
    url: url.href,
    sql,
    async logStatements() {
      await sql`alter database ${sql(name)} set log_statement = 'all'`
    },
    async statements() {
      // The server writes a statement down before it runs it, so what was answered is in the file.
      const log = await readFile(logFile, 'utf8')
      const entry = new RegExp(
        `^${name}\\|LOG:  (?:statement|execute [^:]+): (.*(?:\\n\\t.*)*)`,
        'gm',
      )
      return Array.from(log.matchAll(entry), ([, statement = '']) =>
        statement.replaceAll('\n\t', '\n'),
      )
    },
    async drop() {
      await sql.end()
      await asAdmin(adminUrl, (admin) => admin`drop database if exists ${admin(name)} with (force)`)
    },
  }
}

async function asAdmin(url: string, work: (admin: Sql) => PromiseLike<unknown>): Promise<void> {
  const admin = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await work(admin)
  } finally {
    await admin.end()
  }
}
