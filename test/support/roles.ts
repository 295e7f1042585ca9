// Gives a test a database role without any right, and takes it away with all that it was granted.

import { randomBytes } from 'node:crypto'
import type { TestDatabase } from './database.ts'

export interface TestRole {
  readonly name: string
  /** A connection string for the test's database. */
  readonly url: string
  drop(): Promise<void>
}

/** @param attributes such as BYPASSRLS */
export async function createRole(
  { url, sql }: Pick<TestDatabase, 'url' | 'sql'>,
  attributes = '',
): Promise<TestRole> {
  const name = `role_${randomBytes(8).toString('hex')}`
  const password = randomBytes(12).toString('hex')
  await sql.unsafe(`create role ${name} login password '${password}' ${attributes}`)
  const ours = new URL(url)
  ours.username = name
  ours.password = password
  return {
    name,
    url: ours.href,
    async drop() {
      await sql.unsafe(`drop owned by ${name}`)
      await sql.unsafe(`drop role ${name}`)
    },
  }
}
