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

export interface UsersDatabase {
  /** For the roles of Rekey and the floors, which are alike. */
  readonly url: string
  /** The same for a role whose statements the server writes down, with their parameters. */
  readonly watchedUrl: string
  readonly logFile: string
  readonly version: string
  /** @returns users that nobody was given before */
  takeUsers(count: number): readonly User[]
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
