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
  [
    'WITH gone AS (DELETE FROM a WHERE u = :user_id) INSERT INTO b VALUES (:user_id)',
    'WITH gone AS (DELETE FROM a WHERE u = $) INSERT INTO b VALUES ($)',
  ],
])('%j has the id in its places', (statement, marked) => {
  expect(parseAfterResetSql(statement).join('$')).toBe(marked)
})

const ONE = 'must be one statement: put several steps into a function'
const KIND = 'must be one SELECT, INSERT, UPDATE, DELETE or WITH'
test.each<[string, string]>([
  ['DELETE FROM a; DELETE FROM b', ONE],
  ["SELECT '; ' ; SELECT 1;", ONE],
  ['SELECT 1;;', ONE],
  ['DROP TABLE users', KIND],
  ['TRUNCATE sessions', KIND],
  ['-- SELECT\nCALL f()', KIND],
  ['/* SELECT */', KIND],
  ['SELECTED', KIND],
  ['DELETE FROM a WHERE u = $1', 'must have :user_id where the id belongs, not $1'],
  ['SELECT 1 /* no end', 'has a comment without an end'],
  ['SELECT 1 /* /* */', 'has a comment without an end'],
])('%j is refused', (statement, fault) => {
  expect(() => parseAfterResetSql(statement)).toThrow(new TypeError(fault))
})
