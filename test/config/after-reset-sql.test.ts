// AFTER_RESET_SQL: where the id belongs, and what is no statement that Rekey runs.

import { expect, test } from 'vitest'
import { parseAfterResetSql } from '../../src/config/after-reset-sql.ts'

test.each<[string, string]>([
  ['DELETE FROM sessions WHERE user_id = :user_id', 'DELETE FROM sessions WHERE user_id = $'],
  ['  delete from s where u=:user_id ; ', 'delete from s where u=$'],
  ['SELECT end_sessions(:user_id, :user_id)', 'SELECT end_sessions($, $)'],
  ['SELECT f(:user_id::text)', 'SELECT f($::text)'],
  ["SELECT f(':user_id', :user_id)", "SELECT f(':user_id', $)"],
  ["SELECT f('it''s :user_id', :user_id)", "SELECT f('it''s :user_id', $)"],
  [String.raw`SELECT f(E'\':user_id', :user_id)`, String.raw`SELECT f(E'\':user_id', $)`],
  [String.raw`SELECT f('\', :user_id)`, String.raw`SELECT f('\', $)`],
  ['SELECT ":user_id" FROM t WHERE id = :user_id', 'SELECT ":user_id" FROM t WHERE id = $'],
  ['SELECT $$ :user_id ; $$, :user_id', 'SELECT $$ :user_id ; $$, $'],
  ['SELECT $a$ $$ :user_id $b$ ; $a$, :user_id', 'SELECT $a$ $$ :user_id $b$ ; $a$, $'],
  ['SELECT 1 -- :user_id; \n, :user_id', 'SELECT 1 -- :user_id; \n, $'],
  ['SELECT /* :user_id /* ; */ :user_id */ :user_id', 'SELECT /* :user_id /* ; */ :user_id */ $'],
  ['/* why */ -- and how\nUPDATE t SET a = 1', '/* why */ -- and how\nUPDATE t SET a = 1'],
  ["SELECT 'a'::user_id", "SELECT 'a'::user_id"],
  ['SELECT :user_ids', 'SELECT :user_ids'],
  ['DELETE FROM s -- all\r WHERE u = :user_id', 'DELETE FROM s -- all\r WHERE u = $'],
  ["SELECT E'a'\n '\\':user_id', :user_id", "SELECT E'a'\n '\\':user_id', $"],
  ["SELECT E'a' -- :user_id\r-- '\n'\\';', :user_id", "SELECT E'a' -- :user_id\r-- '\n'\\';', $"],
  ["SELECT E'a' '\\', :user_id", "SELECT E'a' '\\', $"],
  ["SELECT 'a'\n'\\', :user_id", "SELECT 'a'\n'\\', $"],
  ["SELECT caféE'\\', :user_id", "SELECT caféE'\\', $"],
  ["SELECT $é1$ ' ; :user_id $é1$, :user_id", "SELECT $é1$ ' ; :user_id $é1$, $"],
  ['SELECT/* why */1', 'SELECT/* why */1'],
  ['SELECT--\n1', 'SELECT--\n1'],
  ['UPDATE t$1 SET é$2 = 1 WHERE u = :user_id', 'UPDATE t$1 SET é$2 = 1 WHERE u = $'],
  ['SELECT :user_idé', 'SELECT :user_idé'],
  ['INSERT /* why */ into a SELECT :user_id', 'INSERT /* why */ into a SELECT $'],
  ['SELECT \' INTO \' AS "INTO", into_all(:user_id)', 'SELECT \' INTO \' AS "INTO", into_all($)'],
  [
    'WITH gone AS (DELETE FROM a WHERE u = :user_id) INSERT INTO b VALUES (:user_id)',
    'WITH gone AS (DELETE FROM a WHERE u = $) INSERT INTO b VALUES ($)',
  ],
])('%j has the id in its places', (statement, marked) => {
  expect(parseAfterResetSql(statement).join('$')).toBe(marked)
})

const ONE = 'must be one statement: put several steps into a function'
const KIND = 'must be one SELECT, INSERT, UPDATE, DELETE or WITH'
const INTO = 'must not make a table with SELECT ... INTO: use INSERT INTO ... SELECT'
test.each<[string, string]>([
  ['DELETE FROM a; DELETE FROM b', ONE],
  ["SELECT '; ' ; SELECT 1;", ONE],
  ['SELECT 1;;', ONE],
  // PostgreSQL ran the second statement of these two, though the scan had seen it in a comment or a string.
  ['SELECT 1 --\r; DROP TABLE users', ONE],
  ["SELECT E'a'\n'\\''; DROP TABLE users --'", ONE],
  ["SELECT E'a' -- '\n'\\''; DROP TABLE users --'", ONE],
  ['SELECT a$b$; DROP TABLE users; SELECT a$b$', ONE],
  ['SELECT é$b$; DROP TABLE users; SELECT é$b$', ONE],
  ['SELECT 1 AS a INTO b', INTO],
  ['SELECT 1 AS "INSERT" INTO b', INTO],
  ['WITH a AS (SELECT 1) SELECT * into b FROM a', INTO],
  ['WITH a AS (INSERT INTO c VALUES (1)) SELECT 1 INTO b', INTO],
  ['DROP TABLE users', KIND],
  ['TRUNCATE sessions', KIND],
  ['-- SELECT\nCALL f()', KIND],
  ['/* SELECT */', KIND],
  ['SELECTED', KIND],
  ['DELETE FROM a WHERE u = $1', 'must have :user_id where the id belongs, not $1'],
  ['SELECT (1)+$1', 'must have :user_id where the id belongs, not $1'],
  ['SELECT 1 /* no end', 'has a comment without an end'],
  ['SELECT 1 /* /* */', 'has a comment without an end'],
])('%j is refused', (statement, fault) => {
  expect(() => parseAfterResetSql(statement)).toThrow(new TypeError(fault))
})
