// What `rekey doctor` advises about tables is followed to the letter: each finding goes away by it, none
// comes back, and in the end a password is set.

import { afterEach, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { readTableConfig } from '../../src/config/read-config.ts'
import type { Finding } from '../../src/core/finding.ts'
import { inspect } from '../accounts/inspected.ts'
import { runCommand } from '../support/command.ts'
import type { Environment } from '../support/rekey-process.ts'
import { createRole, type TestRole } from '../support/roles.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { argon2id } from '../support/users.ts'

interface Layout {
  readonly name: string
  /** Statements of the host; `{hash}` is that of Kim, whose address is kim@example.org. */
  readonly made: string
  readonly env?: Environment
  /** What is found at first, by its name and variable. */
  readonly found: readonly string[]
  /** What is set where a remedy is no SQL. */
  readonly follow?: Environment
}

/** What is found by the tables alone. */
const NAMES = [
  'table',
  'column',
  'type',
  'hash-width',
  'expression',
  'look-up',
  'indexes',
  'unique-id',
  'duplicate-addresses',
  'rights',
]
const MOST_ROUNDS = 5
const STATEMENT = /^(?:CREATE|ALTER|REINDEX) /
const columns = 'id bigint primary key, email text, password_hash text'
const kim = `insert into users (id, email, password_hash) values (1, 'kim@example.org', '{hash}')`
const users = `create table users (${columns}, username text, deleted_at timestamptz); ${kim}`
const documents = (type: string, info: string) =>
  `create table users (id bigint primary key, email text unique, info ${type});
   create index on users (lower(email));
   insert into users values (1, 'kim@example.org', '${info}')`
const noCase = `create collation no_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`
const hashIs = (column: string) => ({ USERS_PASSWORD_COLUMN: column })
const fieldOf = ({ name, says }: Finding) =>
  `${name} ${/^[A-Z_]+(?=:)/.exec(says)?.[0] ?? ''}`.trim()
const LOOK_UP = 'look-up USERS_EMAIL_COLUMN'
const LOGINS = 'indexes USERS_LOGIN_COLUMNS'
const HASH_TYPE = 'type USERS_PASSWORD_COLUMN'
const COMPUTED = 'type USERS_PASSWORD_COLUMN'

const layouts: readonly Layout[] = [
  { name: 'a table without an index', made: users, found: [LOOK_UP] },
  {
    name: 'a large table without any index',
    made: `create table users (id bigint, email text, password_hash text); ${kim};
      insert into users select n, 'x' || n from generate_series(2, 10001) n`,
    found: [LOOK_UP, 'indexes USERS_ID_COLUMN', 'unique-id USERS_ID_COLUMN'],
  },
  {
    name: 'an index that knows letter case',
    made: `${users}; create unique index on users (email)`,
    found: [LOOK_UP],
  },
  {
    name: 'an index with the address behind something else',
    made: `${users}; create index on users (id, lower(email))`,
    found: [LOOK_UP],
  },
  {
    name: 'a BRIN index',
    made: `${users}; create index on users using brin (lower(email))`,
    found: [LOOK_UP],
  },
  {
    name: 'a hash index',
    made: `${users}; create index on users using hash (lower(email))`,
    found: [],
  },
  {
    name: 'an index with further columns',
    made: `${users}; create unique index on users (lower(email)) include (password_hash)`,
    found: [],
  },
  {
    name: 'an invalid index',
    made: `${users}; create index by_email on users (lower(email));
      update pg_index set indisvalid = false where indexrelid = 'by_email'::regclass`,
    found: [LOOK_UP],
  },
  {
    name: 'an invalid index on a login column',
    made: `${users}; create index on users (lower(email)); create index by_name on users (username);
      update pg_index set indisvalid = false where indexrelid = 'by_name'::regclass`,
    env: { USERS_LOGIN_COLUMNS: 'username' },
    found: [LOGINS],
  },
  {
    name: 'partial indexes that the eligibility implies',
    made: `${users}; create unique index on users (lower(email)) where deleted_at is null;
      create unique index on users (username) where deleted_at is null;
      insert into users (id, email, deleted_at) values (2, 'KIM@example.org', now())`,
    env: { USERS_ELIGIBLE_SQL: 'deleted_at IS NULL', USERS_LOGIN_COLUMNS: 'username' },
    found: [],
  },
  {
    name: 'a partial index that it does not imply',
    made: `${users}; create unique index on users (lower(email)) where deleted_at is null`,
    found: [LOOK_UP],
  },
  {
    name: 'addresses as varchar, with an index on the lower-cased text',
    made: `create table users (id int primary key, email varchar(200), password_hash varchar(200)); ${kim};
      create index on users (lower((email)::text))`,
    found: [],
  },
  {
    name: 'a unique citext',
    made: `create extension citext; create table users (id int primary key, email citext unique, password_hash text); ${kim}`,
    found: [],
  },
  {
    name: 'citext without an index, of a schema that is not searched',
    made: `create schema extensions; create extension citext schema extensions;
      create table users (id int primary key, email extensions.citext, username extensions.citext unique, password_hash text);
      ${kim}`,
    env: { USERS_LOGIN_COLUMNS: 'username' },
    found: [LOOK_UP],
  },
  {
    name: 'a unique citext of a schema that is not searched',
    made: `create schema extensions; create extension citext schema extensions;
      create table users (id int primary key, email extensions.citext unique, password_hash text); ${kim}`,
    found: [],
  },
  {
    name: 'a collation that ignores letter case, with a unique index',
    made: `${noCase}; create table users (id int primary key, email text collate no_case unique, password_hash text); ${kim}`,
    found: [],
  },
  {
    name: 'a collation that ignores letter case, without an index',
    made: `${noCase}; create table users (id int primary key, email text collate no_case, username text collate no_case, password_hash text); ${kim}`,
    env: { USERS_LOGIN_COLUMNS: 'username' },
    found: [LOOK_UP, LOGINS],
  },
  {
    name: 'a Turkish collation',
    made: `create table users (id int primary key, email text collate "tr-x-icu" unique, password_hash text); ${kim}`,
    found: [LOOK_UP],
  },
  {
    name: 'logins of every type',
    made: `create extension citext; ${noCase}; create domain login as varchar(40);
      create table users (${columns}, a citext, b char(20), c varchar(20), d login, e text collate no_case);
      ${kim}; create index on users (lower(email))`,
    env: { USERS_LOGIN_COLUMNS: 'a,b,c,d,e' },
    found: [LOGINS, LOGINS, LOGINS, LOGINS, LOGINS],
  },
  {
    name: 'names that need quotes',
    made: `create schema "My App"; create table "My App"."User's ""own""" ("User ID" bigint primary key, "E.Mail" text, "Pass""Word" jsonb);
      insert into "My App"."User's ""own""" values (1, 'kim@example.org', '{"it''s (a) hash": "{hash}"}')`,
    env: {
      USERS_TABLE: `"My App"."User's ""own"""`,
      USERS_ID_COLUMN: 'User ID',
      USERS_EMAIL_COLUMN: 'E.Mail',
      USERS_PASSWORD_COLUMN: 'Pass"Word',
    },
    found: [HASH_TYPE],
  },
  {
    name: 'a partitioned table',
    made: `create table users (id bigint, email text, password_hash text, primary key (id)) partition by hash (id);
      create table users_0 partition of users for values with (modulus 2, remainder 0);
      create table users_1 partition of users for values with (modulus 2, remainder 1); ${kim}`,
    found: [LOOK_UP],
  },
  {
    name: 'a view of a partitioned table',
    made: `create table people (id bigint, email text, password_hash text, primary key (id)) partition by hash (id);
      create table people_0 partition of people for values with (modulus 2, remainder 0);
      create table people_1 partition of people for values with (modulus 2, remainder 1);
      create view users as select p.id, p.email, p.password_hash from people p; ${kim}`,
    found: [LOOK_UP],
  },
  {
    name: 'a table that another one inherits from',
    made: `create table users (${columns}); create table staff (primary key (id)) inherits (users); ${kim};
      create index on users (lower(email))`,
    found: [LOOK_UP],
  },
  {
    name: 'a view with names of its own',
    made: `create schema app; create table app.people (nr bigint primary key, "E-Mail" text, hash text, gone boolean default false);
      insert into app.people values (1, 'kim@example.org', '{hash}');
      create view users as select p.nr as id, p."E-Mail" as email, p.hash as password_hash, p.nr::text as username from app.people p where not p.gone`,
    env: { USERS_LOGIN_COLUMNS: 'username' },
    found: [LOOK_UP, LOGINS],
  },
  {
    name: 'a view of a view with an address in a document',
    made: `create table people (id bigint primary key, contact jsonb, password_hash text);
      insert into people values (1, '{"people.contact": {"email": "kim@example.org"}}', '{hash}');
      create view members as select * from people;
      create view users as select id, contact #>> array['people.contact', 'email'] as email, password_hash from members`,
    found: [LOOK_UP],
  },
  {
    name: 'a hash in a document',
    made: documents('jsonb', '{"name": "Kim", "password": "{hash}"}'),
    env: hashIs('info'),
    found: [HASH_TYPE],
  },
  {
    name: 'a hash deep in a document of text',
    made: documents(
      'json',
      '{"auth": {"local": {"passwordHash": "{hash}"}, "token": "some-other-secret-of-theirs"}}',
    ),
    env: hashIs('info'),
    found: [HASH_TYPE],
  },
  {
    name: 'hash and address in one document',
    made: `create table users (id uuid primary key default gen_random_uuid(), data jsonb, more jsonb, changed timestamptz, epoch int default 1);
      insert into users (data, more) values ('{"mail": "kim@example.org"}', '{"pwd": "{hash}"}')`,
    env: {
      USERS_EMAIL_COLUMN: 'data',
      USERS_PASSWORD_COLUMN: 'more',
      USERS_CHANGED_AT_COLUMN: 'changed',
      USERS_EPOCH_COLUMN: 'epoch',
    },
    found: ['type USERS_EMAIL_COLUMN', HASH_TYPE],
  },
  {
    name: 'a hash in bytes',
    made: `create table users (id bigint primary key, email text, hash bytea); create index on users (lower(email));
      insert into users values (1, 'kim@example.org', convert_to('{hash}', 'UTF8'))`,
    env: hashIs('hash'),
    found: [HASH_TYPE],
  },
  {
    name: 'a second table with the hash in a document, and no index',
    made: `create table users (id bigint primary key, email text); create index on users (lower(email));
      create table credentials (owner bigint, kind text, data jsonb);
      insert into users values (1, 'kim@example.org');
      insert into credentials values (1, 'password', '{"hash": "{hash}"}'), (1, 'passkey', null)`,
    env: {
      USERS_PASSWORD_TABLE: 'credentials',
      USERS_PASSWORD_USER_COLUMN: 'owner',
      USERS_PASSWORD_COLUMN: 'data',
      USERS_PASSWORD_FILTER_SQL: "kind = 'password'",
    },
    found: [HASH_TYPE],
  },
  {
    name: 'a second table with a partial index that the filter implies',
    made: `create table users (id bigint primary key, email text); create index on users (lower(email));
      create table credentials (owner bigint, kind text, hash text);
      create unique index on credentials (owner) where kind = 'password';
      insert into users values (1, 'kim@example.org');
      insert into credentials values (1, 'password', '{hash}'), (1, 'passkey', null)`,
    env: {
      USERS_PASSWORD_TABLE: 'credentials',
      USERS_PASSWORD_USER_COLUMN: 'owner',
      USERS_PASSWORD_COLUMN: 'hash',
      USERS_PASSWORD_FILTER_SQL: "kind = 'password'",
    },
    found: [],
  },
  {
    name: 'a column that the table computes from a document',
    made: `create table users (id bigint primary key, email text, info jsonb,
        hash text generated always as (info ->> 'hash') stored);
      create index on users (lower(email));
      insert into users (id, email, info) values (1, 'kim@example.org', '{"hash": "{hash}"}')`,
    env: hashIs('hash'),
    found: [COMPUTED],
    follow: hashIs('info'),
  },
  {
    name: 'a view that shows the hash in a document',
    made: `${documents('jsonb', '{"auth": {"hash": "{hash}"}}')};
      create view members as select u.id, u.email, u.info -> 'auth' ->> 'hash' as hash from users u`,
    env: { USERS_TABLE: 'members', ...hashIs('hash') },
    found: [COMPUTED],
  },
  {
    name: 'a view that trims the hash',
    made: `${users}; create index on users (lower(email));
      create view members as select id, email, trim(password_hash) as hash from users where deleted_at is null`,
    env: { USERS_TABLE: 'members', ...hashIs('hash') },
    found: [COMPUTED],
  },
  {
    name: 'a view that joins another table',
    made: `${users}; create index on users (lower(email)); create table tenants (user_id bigint primary key, name text);
      insert into tenants values (1, 'acme');
      create view members as select u.id, u.email, u.password_hash, t.name from users u join tenants t on t.user_id = u.id;
      analyze`,
    env: { USERS_TABLE: 'members' },
    found: [COMPUTED],
  },
  {
    name: 'a hash column that is too narrow',
    made: `create table users (id bigint primary key, email text, password_hash varchar(95)); create index on users (lower(email)); ${kim}`,
    env: { PASSWORD_HASH: 'argon2id' },
    found: ['hash-width USERS_PASSWORD_COLUMN'],
  },
  {
    name: "Better Auth's tables",
    made: `create table "user" (id text primary key, name text not null, email text not null unique);
      create table account (id text primary key, "userId" text not null references "user" (id), "providerId" text not null, password text);
      create index on account ("userId");
      insert into "user" values ('k', 'Kim', 'kim@example.org');
      insert into account values ('a', 'k', 'credential', '{hash}')`,
    env: { USERS_PRESET: 'better-auth' },
    found: [],
  },
  {
    name: "Better Auth's tables with an address in capital letters",
    made: `create table "user" (id text primary key, name text not null, email text not null unique);
      create table account (id text primary key, "userId" text not null references "user" (id), "providerId" text not null, password text);
      create index on account ("userId");
      insert into "user" values ('k', 'Kim', 'kim@example.org'), ('l', 'Lou', 'Lou@example.org');
      insert into account values ('a', 'k', 'credential', '{hash}')`,
    env: { USERS_PRESET: 'better-auth' },
    found: [LOOK_UP],
  },
]

let surroundings: Surroundings
let role: TestRole

afterEach(async () => {
  await role?.drop()
  await surroundings?.end()
})

test.each(layouts)('$name', async ({ made, env: given, found, follow }) => {
  surroundings = await createSurroundings()
  const { sql, url } = surroundings.database
  const hash = await argon2id('forgotten')
  await sql.unsafe(made.replaceAll('{hash}', hash))
  role = await createRole(surroundings.database)
  const env: Record<string, string> = {
    ...environmentFor(surroundings),
    DATABASE_URL: role.url,
    ...given,
  }
  const seen: string[] = []
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    await grantTo(role.name, { ...env, DATABASE_URL: url }, (text) => sql.unsafe(text))
    const bad = await examine(env)
    if (round === 0) expect(bad.map(fieldOf), JSON.stringify(bad)).toEqual(found)
    expect(bad.filter((finding) => seen.includes(JSON.stringify(finding)))).toEqual([])
    if (bad.length === 0) break
    for (const finding of bad) seen.push(JSON.stringify(finding))
    // Two findings may have one remedy.
    for (const remedy of new Set(bad.map(({ remedy = '' }) => remedy))) {
      const [statements = '', comment = ''] = remedy.split('; -- ')
      if (STATEMENT.test(statements)) await sql.unsafe(statements)
      else Object.assign(env, follow)
      if (!comment.startsWith('then set ')) continue
      for (const [, name = '', value] of comment.matchAll(
        /([A-Z_]+)=((?:"(?:[^"]|"")*"|[^\s,])+)/g,
      )) {
        env[name] = value ?? ''
      }
    }
  }
  expect(await examine(env)).toEqual([])
  await setPassword(env, hash)
})

/** What is found about the tables. */
async function examine(env: Environment): Promise<Finding[]> {
  const { findings } = JSON.parse((await runCommand('doctor', ['--json'], env)).output)
  return findings.filter(({ name, status }: Finding) => status !== 'ok' && NAMES.includes(name))
}

/** Grants what is printed to the role, if anything is. */
async function grantTo(
  name: string,
  env: Environment,
  execute: (text: string) => Promise<unknown>,
): Promise<void> {
  const { output } = await runCommand('grants', [name], env)
  await execute(output)
}

async function setPassword(env: Environment, hash: string): Promise<void> {
  const reading = readTableConfig(env)
  if ('faults' in reading) throw new Error(reading.faults.join())
  const { database, users } = reading.config
  const opened = openDatabase(database)
  const { facts } = await inspect(opened.db, users)
  const accounts = createPostgresAccounts(opened, users, facts())
  const find = async () => {
    const [found = []] = await accounts.find([{ kind: 'address', text: 'KIM@example.org' }])
    return found
  }
  const [account, ...others] = await find()
  if (!account) throw new Error('no such account')
  expect([account.passwordHash, account.isEligible, others]).toEqual([hash, true, []])
  const newHash = await argon2id('a brand new pass phrase')
  expect(await accounts.replacePassword(account, newHash)).toBe(true)
  // The link was for the old hash.
  expect(await accounts.replacePassword(account, hash)).toBe(false)
  expect((await find()).map(({ passwordHash }) => passwordHash)).toEqual([newHash])
  await opened.close()
}
