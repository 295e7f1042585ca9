// Compiles statements once that are sent often: building one takes longer than sending it.

import { fillPlaceholders, type SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import type { ParameterOrJSON, PendingQuery, Row, Sql } from 'postgres'

/** Sends a statement on a client or within a transaction, with a value for each placeholder. */
export type CompiledStatement<Result extends Row = Row> = (
  client: Pick<Sql, 'unsafe'>,
  values: Readonly<Record<string, unknown>>,
) => PendingQuery<Result[]>

/** Compiles a statement with placeholders. */
export function compileStatement<Result extends Row>(statement: SQL): CompiledStatement<Result> {
  const { sql: text, params } = new PgDialect().sqlToQuery(statement)
  return (client, values) => {
    const filled = fillPlaceholders(params, values) as ParameterOrJSON<never>[]
    return client.unsafe<Result[]>(text, filled, { prepare: true })
  }
}
