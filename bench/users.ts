// The database of the benchmarks: a real PostgreSQL that writes through to the disk, and 20,000 users.

import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { type PostgresServer, startPostgres } from '../demo/postgres-server.ts'
import { argon2id } from '../src/hashing/argon2id.ts'

export interface User {
  readonly id: string
  readonly email: string
  readonly passwordHash: string
}

/** A table of its own, like Rekey's. */
export interface AccountsTable {
  readonly name: string
  /** Users that are never changed. */
  readonly sample: readonly User[]
  /** @returns users that nobody was given before */
  take(count: number): readonly User[]
  /** How often PostgreSQL has read the table from end to end since it was made. */
  countWholeReads(): Promise<number>
}

export interface UsersDatabase {
  /** For the roles of Rekey and the floors, which are alike. */
  readonly url: string
  /** The same for a role whose statements the server writes down, with their parameters. */
  readonly watchedUrl: string
  readonly logFile: string
  readonly version: string
  /** @returns users that nobody was given before */
  takeUsers(count: number): readonly User[]
  /** Makes a table with so many users. */
  createTable(name: string, count: number): Promise<AccountsTable>
  /** @returns the stored hashes by id */
  readHashes(ids: readonly string[]): Promise<ReadonlyMap<string, string>>
  stop(): Promise<void>
}

const READERS = 19_000
const SPARES = 1000
const DATABASE = 'postgres'

/**
 * Starts the server and fills it.
 *
 * @param migrate makes the table, given the URL of the role that shall own it
 */
export async function startUsersDatabase(
  migrate: (url: string) => Promise<void>,
): Promise<UsersDatabase> {
  const server = await startPostgres({
    settings: {
      fsync: 'on',
      synchronous_commit: 'on',
      // Unix seconds with milliseconds, for the entries of `watchedUrl`.
      log_line_prefix: '%n ',
    },
  })
  const sql = postgres(server.url(DATABASE), { max: 1, onnotice: () => {} })
  try {
    const url = await createRole(sql, server, 'service')
    const watchedUrl = await createRole(sql, server, 'watched_service')
    await sql`GRANT CREATE ON DATABASE ${sql(DATABASE)} TO service`
    await sql`GRANT CREATE ON SCHEMA public TO service`
    await sql`GRANT service TO watched_service`
    await sql`ALTER ROLE watched_service SET log_min_duration_statement = 0`
    await migrate(url)
    const users = await fill(sql)
    let taken = 0
    const [row] = await sql<{ server_version: string }[]>`SHOW server_version`
    return {
      url,
      watchedUrl,
      logFile: server.logFile,
      version: row?.server_version ?? '',
      takeUsers(count) {
        taken += count
        if (taken > users.length) throw new Error('the benchmarks need more users than there are')
        return users.slice(taken - count, taken)
      },
      createTable: (name, count) => createTable(sql, name, count),
      async readHashes(ids) {
        const rows = await sql<{ id: string; hash: string }[]>`
          SELECT id, password_hash AS hash FROM users WHERE id = ANY(${ids})`
        return new Map(rows.map(({ id, hash }) => [id, hash]))
      },
      async stop() {
        await sql.end()
        await server.stop()
      },
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

async function createTable(sql: Sql, name: string, count: number): Promise<AccountsTable> {
  await sql`CREATE TABLE ${sql(name)} (LIKE users INCLUDING ALL)`
  await sql`GRANT SELECT, UPDATE ON ${sql(name)} TO service`
  const passwordHash = await argon2id.hash('the password before')
  await sql`
    INSERT INTO ${sql(name)} (email, password_hash)
    SELECT 'User-' || number || '@bench.example', ${passwordHash}
    FROM generate_series(1, ${count}) AS number`
  await sql`VACUUM (ANALYZE) ${sql(name)}`
  await sql`CHECKPOINT`
  const users = await sql<User[]>`
    SELECT id, email, password_hash AS "passwordHash" FROM ${sql(name)} LIMIT 1000`
  const sample = users.splice(0, 100)
  let taken = 0
  return {
    name,
    sample,
    take(wanted) {
      taken += wanted
      if (taken > users.length) throw new Error('the benchmarks need more users than there are')
      return users.slice(taken - wanted, taken)
    },
    async countWholeReads() {
      await sql`SELECT pg_stat_force_next_flush()`
      const [row] = await sql<{ scans: string }[]>`
        SELECT seq_scan AS scans FROM pg_stat_user_tables WHERE relname = ${name}`
      return Number(row?.scans)
    },
  }
}

async function createRole(sql: Sql, server: PostgresServer, name: string): Promise<string> {
  const password = randomBytes(24).toString('base64url')
  await sql.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD '${password}'`)
  const url = new URL(server.url(DATABASE))
  url.username = name
  url.password = password
  return url.href
}

async function fill(sql: Sql): Promise<User[]> {
  const passwordHash = await argon2id.hash('the password before')
  const insert = (name: string, count: number) => sql<User[]>`
    INSERT INTO users (email, password_hash)
    SELECT ${name} || '-' || number || '@bench.example', ${passwordHash}
    FROM generate_series(1, ${count}) AS number
    RETURNING id, email, password_hash AS "passwordHash"`
  const readers = await insert('reader', READERS)
  // Last in the order of addresses, where the floor of hash and UPDATE takes its own from.
  await insert('spare', SPARES)
  await sql`VACUUM (ANALYZE) users`
  // Whatever that has left to be written is not to be written while something is measured.
  await sql`CHECKPOINT`
  return [...readers]
}
