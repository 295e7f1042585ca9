// A password counts as written only where the row then holds exactly the hash that was written. Whatever
// of the host's changes it, or holds the write back, leaves the row as it was.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Account, Accounts } from '../../src/ports.ts'
import { createRole } from '../support/roles.ts'
import { inspect } from './inspected.ts'
import {
  createMappedTable,
  leastMapping,
  type MappedTable,
  plainMapping,
  twoTablesMapping,
} from './mapped-table.ts'

const NEW_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'c'.repeat(22)}$${'d'.repeat(43)}`

let table: MappedTable
let opened: Database

const arrange = async (mapping: UsersMapping) => {
  table = await createMappedTable(mapping, { id: 'bigint' })
  opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: true })
  await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old', epoch: 1 })
}
const through = async (mapping: UsersMapping): Promise<Accounts> => {
  const { facts } = await inspect(opened.db, mapping)
  return createPostgresAccounts(opened, mapping, facts())
}
const read = async (accounts: Accounts): Promise<Account> => {
  const [account] = await accounts.read(['1'])
  if (!account) throw new Error('no such account')
  return account
}
const run = (statements: string) => table.sql.unsafe(statements)
/** A trigger function, and whatever it is for. */
const calling = (body: string, rest: string) =>
  `create function interfere() returns trigger language plpgsql as $$ begin ${body} end $$; ${rest}`

/** Expects that nothing of a write stays. */
const expectNothingWritten = async (accounts: Accounts) => {
  const account = await read(accounts)
  const before = await table.row('1')
  await expect(accounts.replacePassword(account, NEW_HASH)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/trigger.*nothing was written; run `rekey doctor`/),
    retryAfterSeconds: 5,
  })
  expect(await table.row('1')).toEqual(before)
  expect(await read(accounts)).toEqual(account)
}
const expectWritten = async (accounts: Accounts) => {
  expect(await accounts.replacePassword(await read(accounts), NEW_HASH)).toBe(true)
  expect((await read(accounts)).passwordHash).toBe(NEW_HASH)
}

afterEach(async () => {
  await opened?.close()
  await table?.end()
})

const ONCE = 'if pg_trigger_depth() > 1 then return null; end if;'
const forEachRow = 'for each row execute function interfere()'

describe('in one table, nothing is written where', () => {
  beforeEach(() => arrange(plainMapping))

  test.each<[string, string, string]>([
    [
      'a trigger hashes what is written',
      'new.password_hash = md5(new.password_hash); return new;',
      `create trigger encrypt before insert or update on users ${forEachRow}`,
    ],
    [
      'a trigger of that column hashes it',
      'new.password_hash = md5(new.password_hash); return new;',
      `create trigger encrypt before update of password_hash on users ${forEachRow}`,
    ],
    [
      'a trigger cuts it',
      'new.password_hash = left(new.password_hash, 60); return new;',
      `create trigger cut before update on users ${forEachRow}`,
    ],
    [
      'a trigger adds a blank',
      "new.password_hash = new.password_hash || ' '; return new;",
      `create trigger pad before update on users ${forEachRow}`,
    ],
    [
      'a trigger takes it away',
      'new.password_hash = null; return new;',
      `create trigger clear before update on users ${forEachRow}`,
    ],
    [
      'a trigger keeps the old one',
      'new.password_hash = old.password_hash; return new;',
      `create trigger keep before update on users ${forEachRow}`,
    ],
    [
      'a trigger skips the row',
      'return null;',
      `create trigger skip before update on users ${forEachRow}`,
    ],
    [
      'a trigger writes the row again afterwards',
      `${ONCE} update users set password_hash = md5(password_hash) where id = new.id; return null;`,
      `create trigger again after update on users ${forEachRow}`,
    ],
    [
      'a trigger of the whole statement writes it again',
      `${ONCE} update users set password_hash = md5(password_hash); return null;`,
      'create trigger again after update on users execute function interfere()',
    ],
    [
      'a trigger that waits for the commit writes it again',
      `${ONCE} update users set password_hash = md5(password_hash) where id = new.id; return null;`,
      `create constraint trigger again after update on users deferrable initially deferred ${forEachRow}`,
    ],
    [
      'a trigger removes the row',
      'delete from users where id = new.id; return null;',
      `create trigger remove after update on users ${forEachRow}`,
    ],
    [
      'a trigger gives the row another id',
      `${ONCE} update users set id = 7 where id = new.id; return null;`,
      `create trigger renumber after update on users ${forEachRow}`,
    ],
  ])('%s', async (_, body, trigger) => {
    const accounts = await through(plainMapping)
    // After the start: nothing that was looked at then can know of it.
    await run(calling(body, trigger))
    await expectNothingWritten(accounts)
    await run('drop function interfere cascade')
    await expectWritten(accounts)
  })

  test('a rule does nothing instead', async () => {
    const accounts = await through(plainMapping)
    await run('create rule skip as on update to users do instead nothing')
    await expectNothingWritten(accounts)
    await run('drop rule skip on users')
    await expect.poll(() => expectWritten(accounts).then(() => 'written')).toBe('written')
  })

  test('AFTER_RESET_SQL changes the hash', async () => {
    const afterReset = ['UPDATE users SET password_hash = md5(password_hash) WHERE id = ', '']
    await expectNothingWritten(await through({ ...plainMapping, afterReset }))
    await expectWritten(await through(plainMapping))
  })

  test('a policy of row-level security holds the row back from the role', async () => {
    const role = await createRole(table.database)
    await run(`
      grant select, update on users to ${role.name};
      create policy reads on users for select using (true);
      create policy writes on users for update using (false);
      alter table users enable row level security`)
    const { facts } = await inspect(opened.db, plainMapping)
    const limited = openDatabase({ url: role.url, ca: undefined, poolMax: 1, prepare: true })
    await expectNothingWritten(createPostgresAccounts(limited, plainMapping, facts()))
    await limited.close()
    await role.drop()
  })

  test('a trigger stands on the partition that holds the row', async () => {
    await run(`
      create table people (like users including all) partition by range (id);
      create table people_1 partition of people default;
      insert into people select * from users`)
    const accounts = await through({ ...plainMapping, table: 'people' })
    const trigger = `create trigger encrypt before update on people_1 ${forEachRow}`
    await run(calling('new.password_hash = md5(new.password_hash); return new;', trigger))
    await expectNothingWritten(accounts)
  })

  test('what a trigger leaves as it is stays written', async () => {
    const accounts = await through(plainMapping)
    const triggers = `
      create trigger before_write before update on users ${forEachRow};
      create constraint trigger at_commit after update on users deferrable initially deferred ${forEachRow}`
    await run(calling("new.untouched = 'seen'; return new;", triggers))
    await expectWritten(accounts)
    expect(await table.row('1')).toMatchObject({ untouched: 'seen' })
  })
})

describe('with the hash in a second table, nothing is written where', () => {
  beforeEach(() => arrange(twoTablesMapping))

  test.each<[string, string, string]>([
    [
      'a trigger there hashes what is written',
      'new.password_hash = md5(new.password_hash); return new;',
      `create trigger encrypt before update on credentials ${forEachRow}`,
    ],
    [
      'a trigger there skips the row',
      'return null;',
      `create trigger skip before update on credentials ${forEachRow}`,
    ],
    [
      'a trigger there keeps the old hash as a second row',
      "insert into credentials (user_id, kind, password_hash) values (old.user_id, 'password', old.password_hash); return new;",
      `create trigger keep before update on credentials ${forEachRow}`,
    ],
    [
      'a trigger there makes it a row of another kind',
      "new.kind = 'retired'; return new;",
      `create trigger retire before update on credentials ${forEachRow}`,
    ],
    [
      'a trigger of the users table writes there',
      'update credentials set password_hash = md5(password_hash) where user_id = new.id; return new;',
      `create trigger encrypt after update on users ${forEachRow}`,
    ],
    [
      'a trigger of the users table holds its own columns back',
      'return null;',
      `create trigger hold before update on users ${forEachRow}`,
    ],
  ])('%s', async (_, body, trigger) => {
    const accounts = await through(twoTablesMapping)
    await run(calling(body, trigger))
    await expectNothingWritten(accounts)
    await run('drop function interfere cascade')
    await expectWritten(accounts)
  })
})

describe('through a view, nothing is written where', () => {
  beforeEach(() => arrange(plainMapping))

  const view = { ...leastMapping, table: 'accounts' }
  const shown = 'create view accounts as select id, email, password_hash from users;'
  const instead = `create trigger write instead of update on accounts ${forEachRow}`
  const writing = (value: string) => `update users set password_hash = ${value} where id = old.id;`

  test.each<[string, string]>([
    [
      'its trigger hashes what is written',
      calling(`${writing('md5(new.password_hash)')} return new;`, instead),
    ],
    [
      'its trigger cuts it',
      calling(`${writing('new.password_hash::varchar(60)')} return new;`, instead),
    ],
    ['its trigger writes nothing and says that it did', calling('return new;', instead)],
    ['its trigger skips the row', calling('return null;', instead)],
    [
      'a trigger of the table below hashes it',
      calling(
        'new.password_hash = md5(new.password_hash); return new;',
        `create trigger encrypt before update on users ${forEachRow}`,
      ),
    ],
    [
      'a rule hashes it',
      'create rule write as on update to accounts do instead update users set password_hash = md5(new.password_hash) where id = old.id',
    ],
  ])('%s', async (_, interference) => {
    await run(shown)
    const accounts = await through(view)
    await run(interference)
    await expectNothingWritten(accounts)
  })

  test('the row is no longer in it once it is written', async () => {
    await run(
      "create view accounts as select id, email, password_hash from users where password_hash = 'old'",
    )
    await expectNothingWritten(await through(view))
  })

  test('what its trigger writes as it is stays written', async () => {
    await run(shown + calling(`${writing('new.password_hash')} return new;`, instead))
    await expectWritten(await through(view))
  })
})
