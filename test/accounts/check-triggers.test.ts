// Every trigger and rule that runs when a password is written is named, wherever it stands; those that do
// not are not.

import { afterEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { checkTriggers } from '../../src/accounts/doctor/check-triggers.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import {
  createMappedTable,
  leastMapping,
  type MappedTable,
  plainMapping,
  twoTablesMapping,
} from './mapped-table.ts'

let table: MappedTable
let opened: Database

afterEach(async () => {
  await opened?.close()
  await table?.end()
})

const rows = 'for each row execute function f()'
const view = { ...leastMapping, table: 'shown' }
const inView = 'create view shown as select id, email, password_hash from users;'

/** What is found besides what is well. */
async function find(mapping: UsersMapping, statements: string): Promise<string[]> {
  const isTwo = mapping.passwordTable !== undefined
  table = await createMappedTable(isTwo ? twoTablesMapping : plainMapping)
  opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 1, prepare: true })
  await table.sql.unsafe(`
    create function f() returns trigger language plpgsql as 'begin return new; end';
    ${statements}`)
  const findings = await checkTriggers(opened.db, mapping)
  expect(findings.every(({ name }) => name === 'triggers')).toBe(true)
  return findings.filter(({ status }) => status === 'warning').map(({ says }) => says)
}

test.each<[string, UsersMapping, string, readonly string[]]>([
  [
    'on the table',
    plainMapping,
    `create trigger b before insert or update on users ${rows}; create trigger a after update on users execute function f()`,
    ['a on users', 'b on users'],
  ],
  [
    'of the column alone, or put off until the commit',
    plainMapping,
    `create trigger a before update of password_hash on users ${rows};
     create constraint trigger b after update on users deferrable initially deferred ${rows}`,
    ['a on users', 'b on users'],
  ],
  [
    'of a column that is written with it',
    plainMapping,
    `create trigger a before update of token_version on users ${rows}`,
    ['a on users'],
  ],
  [
    'on the second table, and on the first for what is written there',
    twoTablesMapping,
    `create trigger a before update on credentials ${rows}; create trigger b before update on users ${rows}`,
    ['a on credentials', 'b on users'],
  ],
  [
    'behind a view',
    view,
    `${inView} create trigger a before update on users ${rows}`,
    ['a on users'],
  ],
  [
    'behind a view of a view of two tables',
    view,
    `create table others (id bigint, password_hash text);
     create view inner_view as select u.id, u.email, o.password_hash from users u join others o using (id);
     create view shown as select * from inner_view;
     create trigger a before update on others ${rows};
     create trigger b instead of update on shown ${rows}`,
    ['a on others', 'b on shown'],
  ],
  [
    'behind a view that has another name for the column',
    view,
    `alter table users rename password_hash to secret;
     create view shown as select id, email, secret as password_hash from users;
     create trigger a before update of secret on users ${rows}`,
    ['a on users'],
  ],
  [
    'on a partition of a partition, once where it is on all of them',
    { ...leastMapping, table: 'parts' },
    `create table parts (like users) partition by range (id);
     create table parts_1 partition of parts default partition by range (id);
     create table parts_2 partition of parts_1 default;
     create trigger all_of_them before update on parts ${rows};
     create trigger last_of_them before update on parts_2 ${rows}`,
    ['all_of_them on parts', 'last_of_them on parts_2'],
  ],
  [
    'on the partition that is mapped itself',
    { ...leastMapping, table: 'parts_1' },
    `create table parts (like users) partition by range (id);
     create table parts_1 partition of parts default;
     create trigger from_above before update on parts ${rows}`,
    ['from_above on parts_1'],
  ],
  [
    'on a table that inherits',
    leastMapping,
    `create table heirs () inherits (users); create trigger a before update on heirs ${rows}`,
    ['a on heirs'],
  ],
  [
    'where a rule leads to',
    view,
    `${inView} create table targets (id bigint, hash text);
     create rule a as on update to shown do instead update targets set hash = new.password_hash where id = old.id;
     create trigger b before update on targets ${rows}`,
    ['a on shown', 'b on targets'],
  ],
])('%s', async (_, mapping, statements, expected) => {
  const says = await find(mapping, statements)
  expect(says.map((text) => / (?:trigger|rule) (\S+ on \S+)/.exec(text)?.[1])).toEqual(expected)
})

test.each<[string, UsersMapping, string]>([
  ['on other columns', plainMapping, `create trigger a before update of email on users ${rows}`],
  ['on other commands', plainMapping, `create trigger a before insert or delete on users ${rows}`],
  [
    'that are switched off',
    plainMapping,
    `create trigger a before update on users ${rows}; alter table users disable trigger a`,
  ],
  [
    'that keep foreign keys',
    plainMapping,
    'create table sessions (user_id bigint references users on update cascade)',
  ],
  [
    'on a users table of which nothing is written',
    { ...twoTablesMapping, changedAt: undefined, epoch: undefined },
    `create trigger a before update on users ${rows}`,
  ],
  [
    'on other columns behind a view',
    view,
    `${inView} create trigger a before update of email on users ${rows}`,
  ],
])('triggers %s are not named', async (_, mapping, statements) => {
  expect(await find(mapping, statements)).toEqual([])
})

test('it says what is called and by whose rights, and a rule by what it does', async () => {
  const says = await find(
    plainMapping,
    `create trigger a before update on users ${rows}; alter function f() security definer;
     create table log (id bigint);
     create rule b as on update to users do also insert into log values (new.id)`,
  )
  expect(says).toEqual([
    `when a password is written in "users", the trigger a on users calls f() with its owner's rights`,
    'when a password is written in "users", the rule b on users changes what is written',
  ])
})
