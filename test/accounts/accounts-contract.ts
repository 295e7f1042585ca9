// What every adapter of the host's accounts owes its callers, as one suite that each of them runs.

import { expect, test } from 'vitest'
import type { Account, Accounts, Identifier } from '../../src/ports.ts'

/** An empty table behind an adapter, with two login columns and every column that can be mapped. */
export interface AccountsWorld {
  accounts(): Accounts
  /** The ids that rows may have, in the order in which the database sorts them. */
  readonly ids: readonly string[]
  readonly unknownId: string
  /** @param row By the keys of the mapping, `active`, and `logins` in their order. */
  store(row: Readonly<Record<string, unknown>>): Promise<string>
  row(id: string): Promise<Readonly<Record<string, unknown>> | undefined>
  change(id: string, row: Readonly<Record<string, unknown>>): Promise<void>
  remove(id: string): Promise<void>
  /** How a row's columns are called, by key. */
  column(key: string): string
  empty(): Promise<void>
}

const HASH = '$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaA'
const NEW_HASH = `$argon2id$v=19$m=19456,t=2,p=1$${'c'.repeat(22)}$${'d'.repeat(43)}`

const address = (text: string): Identifier => ({ kind: 'address', text })
const login = (text: string): Identifier => ({ kind: 'login', text })

/** Registers the suite. Call it where the world is set up. */
export function accountsContract(world: AccountsWorld): void {
  const ids = (accounts: readonly Account[] | undefined) => accounts?.map(({ id }) => id)
  const find = async (...identifiers: Identifier[]) =>
    (await world.accounts().find(identifiers)).map(ids)
  const id = (index: number) => world.ids[index] ?? ''
  const readOne = async (which: string): Promise<Account> => {
    const [account] = await world.accounts().read([which])
    if (!account) throw new Error('no such account')
    return account
  }
  const arrange = async (rows: readonly Readonly<Record<string, unknown>>[]) => {
    await world.empty()
    for (const [index, row] of rows.entries()) {
      await world.store({ id: id(index), passwordHash: HASH, ...row })
    }
  }

  test('an address is found without regard to ASCII letter case, and in no other way', async () => {
    await arrange([
      { emailAddress: 'kim@example.org' },
      { emailAddress: 'BOSS@Example.org' },
      { emailAddress: 'JÜRGEN@example.org' },
      { emailAddress: '\u212aelvin@example.org' },
    ])
    expect(await find(address('KIM@EXAMPLE.ORG'), address('boss@example.org'))).toEqual([
      [id(0)],
      [id(1)],
    ])
    expect(await find(address('JÜRGEN@EXAMPLE.ORG'), address('\u212aELVIN@example.org'))).toEqual([
      [id(2)],
      [id(3)],
    ])
    const strangers = [
      '\u212aim@example.org',
      'k\u0131m@example.org',
      'K\u0130M@example.org',
      'bo\u017f\u017f@example.org',
      'bo\u00df@example.org',
      'jürgen@example.org',
      'JU\u0308RGEN@example.org',
      'kelvin@example.org',
      'kim@example.org ',
      'kim@example.or_',
      '%',
      '',
    ]
    expect(await find(...strangers.map(address))).toEqual(strangers.map(() => []))
  })

  test('a domain beyond ASCII is found by its letters and by its A-labels, and by no look-alike', async () => {
    await arrange([
      { emailAddress: 'user@überall-ist.de' },
      { emailAddress: 'Ann@XN--EXMPLE-CUA.org' },
      { emailAddress: 'ann@example.org' },
    ])
    const named = [
      'user@xn--berall-ist-8db.de',
      'USER@XN--BERALL-IST-8DB.DE',
      'user@ÜBERALL-IST.de',
      'user@überall-ist\uff0ede',
      'ann@exämple.org',
      'ANN@EXÄMPLE.ORG',
    ]
    expect(await find(...named.map(address), login('user@xn--berall-ist-8db.de'))).toEqual([
      ...[[id(0)], [id(0)], [id(0)], [id(0)], [id(1)], [id(1)]],
      [id(0)],
    ])
    const strangers = ['ann@ｅxample.org', 'ann@ex\u0430mple.org', 'user@xn--berall-ist-8da.de']
    expect(await find(...strangers.map(address))).toEqual(strangers.map(() => []))
  })

  test('the exact spelling comes first, then the order of ids, five at most', async () => {
    const spellings = ['A@b.c', 'a@B.c', 'a@b.C', 'A@B.c', 'A@b.C', 'a@b.c', 'A@B.C']
    await arrange(spellings.map((emailAddress) => ({ emailAddress })))
    expect(await find(address('a@b.c'), address('A@b.c'), address('A@B.C'))).toEqual([
      [id(5), id(0), id(1), id(2), id(3)],
      [id(0), id(1), id(2), id(3), id(4)],
      [id(6), id(0), id(1), id(2), id(3)],
    ])
  })

  test('many are found at once, each in its place, however often it is named', async () => {
    await arrange([{ emailAddress: 'a@b.c' }, { emailAddress: 'd@e.f' }])
    const named = ['d@e.f', 'x@y.z', 'a@b.c', 'D@E.F', 'a@b.c'].map(address)
    expect(await find(...named)).toEqual([[id(1)], [], [id(0)], [id(1)], [id(0)]])
    expect(await find()).toEqual([])
  })

  test('a login is an address first, then each login column in turn, spelled exactly', async () => {
    await arrange([
      { emailAddress: 'ada@b.c', logins: ['x1', 'x2'] },
      { emailAddress: 'b@b.c', logins: ['ada@b.c', 'grace'] },
      { emailAddress: 'c@b.c', logins: ['grace', 'alan'] },
      { emailAddress: 'd@b.c', logins: ['y1', 'alan'] },
      { emailAddress: 'e@b.c', logins: [null, null] },
    ])
    expect(await find(login('ADA@b.c'), login('grace'), login('alan'))).toEqual([
      [id(0)],
      [id(2)],
      [id(2), id(3)],
    ])
    expect(await find(login('Grace'), login('ALAN'), login('graceful'))).toEqual([[], [], []])
    expect(await find(address('grace'))).toEqual([[]])
  })

  test('a login that several rows have finds five of them, in the order of ids', async () => {
    await arrange(
      world.ids.map((_, n) => ({ emailAddress: `${n}@b.c`, logins: [`u${n}`, 'same'] })),
    )
    expect(await find(login('same'))).toEqual([world.ids.slice(0, 5)])
  })

  test('an account tells what a link and a mail need, and nothing is made up', async () => {
    await arrange([
      {
        emailAddress: 'Ada@Example.org',
        logins: ['ada', null],
        name: 'Ada Lovelace',
        locale: 'en-GB',
        lastLogin: '2024-02-29T12:00:00.123456Z',
      },
      { emailAddress: null, passwordHash: null, active: null },
    ])
    expect(await readOne(id(0))).toEqual({
      id: id(0),
      emailAddress: 'Ada@Example.org',
      passwordHash: HASH,
      isEligible: true,
      lastLogin: '2024-02-29 12:00:00.123456+00',
      name: 'Ada Lovelace',
      locale: 'en-GB',
      personal: [
        { label: world.column('login'), value: 'ada' },
        { label: world.column('name'), value: 'Ada Lovelace' },
        { label: 'email address', value: 'Ada@Example.org' },
      ],
    })
    expect(await readOne(id(1))).toEqual({
      id: id(1),
      emailAddress: '',
      passwordHash: null,
      isEligible: false,
      lastLogin: null,
      name: undefined,
      locale: undefined,
      personal: [],
    })
  })

  test('accounts are read by id, and ids without a row are left out', async () => {
    await arrange([{ emailAddress: 'a@b.c' }, { emailAddress: 'd@e.f' }])
    const { accounts } = world
    expect(ids(await accounts().read([id(1), world.unknownId, id(0), id(1)]))).toEqual([
      id(0),
      id(1),
    ])
    expect(await accounts().read([world.unknownId])).toEqual([])
    expect(await accounts().read([])).toEqual([])
  })

  test('an id that could be none of these names no row', async () => {
    await arrange([{ emailAddress: 'a@b.c' }])
    expect(ids(await world.accounts().read(['no id\u20ac', id(0), '9'.repeat(40)]))).toEqual([
      id(0),
    ])
  })

  test('a password is replaced once, and only the configured columns change', async () => {
    await arrange([{ emailAddress: 'a@b.c' }, { emailAddress: 'd@e.f' }])
    const before = [await world.row(id(0)), await world.row(id(1))]
    const account = await readOne(id(0))
    expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(true)
    const after = await world.row(id(0))
    expect(after).toEqual({
      ...before[0],
      [world.column('passwordHash')]: NEW_HASH,
      [world.column('changedAt')]: after?.[world.column('changedAt')],
      [world.column('epoch')]: 2,
    })
    const changedAt = Number(after?.[world.column('changedAt')])
    expect(Math.abs(Date.now() - changedAt)).toBeLessThan(60_000)
    expect(await world.row(id(1))).toEqual(before[1])
    expect(await world.accounts().replacePassword(account, HASH)).toBe(false)
    expect(await world.row(id(0))).toEqual(after)
  })

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['another hash', { passwordHash: `${HASH}x` }],
    ['no hash', { passwordHash: null }],
    ['another address', { emailAddress: 'other@b.c' }],
    ['its address in capitals', { emailAddress: 'A@B.C' }],
    ['no address', { emailAddress: null }],
    ['a later login', { lastLogin: '2030-01-01T00:00:00Z' }],
    ['no login', { lastLogin: null }],
    ['been disabled', { active: false }],
    ['lost its eligibility to NULL', { active: null }],
  ])('a row that has %s by now is left as it is', async (_, change) => {
    await arrange([{ emailAddress: 'a@b.c', lastLogin: '2024-01-01T00:00:00Z' }])
    const account = await readOne(id(0))
    await world.change(id(0), change)
    const before = await world.row(id(0))
    expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(false)
    expect(await world.row(id(0))).toEqual(before)
  })

  test.each<[string, string | null, string | null]>([
    ['nothing', null, ''],
    ['an empty hash', '', null],
    ['a mark', '!', null],
  ])(
    'a row that holds %s is read as it is, and replaced only while it is',
    async (_, held, other) => {
      await arrange([{ emailAddress: 'a@b.c', passwordHash: held }])
      const account = await readOne(id(0))
      expect(account.passwordHash).toBe(held)
      await world.change(id(0), { passwordHash: other })
      expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(false)
      await world.change(id(0), { passwordHash: held })
      expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(true)
      expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(false)
    },
  )

  test('a row that is gone is not replaced', async () => {
    await arrange([{ emailAddress: 'a@b.c' }])
    const account = await readOne(id(0))
    await world.remove(id(0))
    expect(await world.accounts().replacePassword(account, NEW_HASH)).toBe(false)
  })

  test('of two replacements at once one succeeds', async () => {
    await arrange([{ emailAddress: 'a@b.c' }])
    const account = await readOne(id(0))
    const hashes = [NEW_HASH, `${NEW_HASH}x`]
    const done = await Promise.all(
      hashes.map((hash) => world.accounts().replacePassword(account, hash)),
    )
    expect(done.toSorted()).toEqual([false, true])
    const row = await world.row(id(0))
    expect(row?.[world.column('passwordHash')]).toBe(hashes[done.indexOf(true)])
  })
}
