// Rekey's own users table, for applications that have none yet. `drizzle/` is generated from this.

import { sql } from 'drizzle-orm'
import { pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'

/** An insert needs address and hash only; addresses are unique without regard to letter case. */
export const ownUsers = pgTable(
  'users',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    email: text('email').notNull(),
    passwordHash: text('password_hash'),
  },
  (users) => [uniqueIndex('users_email_unique').on(sql`lower(${users.email})`)],
)
