// The floor of one confirmation: one hash and one durable UPDATE, no HTTP, no mail.
// With `node bench/floors/hash-and-update.ts 2000`: one after the other for 2000 ms, on the table
// `users` of DATABASE_URL. It prints what came of it.

import { argon2id } from '../../src/hashing/argon2id.ts'
import { openPool } from './bare-app.ts'
import { measureLoop } from './measure-loop.ts'

const [durationMs = '2000'] = process.argv.slice(2)

const sql = openPool()
const rows = await sql<{ id: string }[]>`SELECT id FROM users ORDER BY email DESC LIMIT 1000`

await measureLoop(1, Number(durationMs), async (number) => {
  const passwordHash = await argon2id.hash(`Kestrel-${number}-orbit`)
  const id = rows[number % rows.length]?.id ?? ''
  await sql`UPDATE users SET password_hash = ${passwordHash} WHERE id = ${id}`
})
await sql.end()
