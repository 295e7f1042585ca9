// Every preset fits the tables that its framework makes, and its page says what it sets.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { openDatabase } from '../../../src/accounts/database.ts'
import type { Preset } from '../../../src/config/presets/preset.ts'
import { presets } from '../../../src/config/presets/presets.ts'
import { readConfig } from '../../../src/config/read-config.ts'
import { inspect } from '../../accounts/inspected.ts'
import { createSurroundings, environmentFor } from '../../support/service.ts'

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe.each(Object.entries<Preset>(presets))('%s', (name, preset) => {
  test('fits the tables of its framework, with what its page recommends', async () => {
    const surroundings = await createSurroundings()
    const { database } = surroundings
    await database.sql.unsafe(read(`./${name}.sql`))
    const reading = readConfig({
      ...environmentFor(surroundings),
      USERS_PRESET: name,
      AFTER_RESET_SQL: preset.afterResetSql,
    })
    if ('faults' in reading) throw new Error(reading.faults.join('\n'))
    const opened = openDatabase(reading.config.database)
    expect((await inspect(opened.db, reading.config.users)).faults).toEqual([])
    await opened.close()
    await surroundings.end()
  })

  test('has a page that says what it sets and recommends', () => {
    const page = read(`../../../docs/presets/${name}.md`)
    const rows = [...page.matchAll(/^\| `(\w+)` \| `(.*)` \|$/gm)].map(([, ...cells]) => cells)
    expect(Object.fromEntries(rows)).toEqual(preset.variables)
    if (preset.afterResetSql) expect(page).toContain(`\n${preset.afterResetSql}\n`)
  })

  test('gives way to single variables', () => {
    const required = { DATABASE_URL: 'postgres://a:b@localhost/c', RESET_PAGE_URL: 'https://a.b/' }
    const reading = readConfig({ ...required, USERS_PRESET: name, USERS_TABLE: 'a.b' })
    if (!('faults' in reading)) throw new Error('that environment is not complete')
    expect(reading.faults.filter((fault) => fault.startsWith('USERS_'))).toEqual([])
  })
})

test("Supabase's index serves the look-up through the view that its page tells to make", async () => {
  const surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await sql.unsafe(read('./supabase.sql'))
  const page = read('../../../docs/presets/supabase.md')
  await sql.unsafe(/```sql\n(.*?)```/s.exec(page)?.[1] ?? '')
  const env = { USERS_PRESET: 'supabase', USERS_TABLE: 'rekey.users' }
  const reading = readConfig({ ...environmentFor(surroundings), ...env })
  if ('faults' in reading) throw new Error(reading.faults.join('\n'))
  const opened = openDatabase(reading.config.database)
  const { facts, warnings } = await inspect(opened.db, reading.config.users)
  expect(facts().lookUp).toBe('plain')
  expect(warnings.join()).toContain('found as it was typed or in small letters')
  await opened.close()
  await surroundings.end()
})
