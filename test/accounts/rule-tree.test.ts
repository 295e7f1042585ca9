// What is read from a rule as PostgreSQL keeps it, in the forms of its versions.

import { expect, test } from 'vitest'
import { readTableChecks } from '../../src/accounts/rule-tree.ts'

const OWN = '16397'

test.each([
  [
    '13 to 15',
    (relid: string, checks: string) =>
      `{RTE :alias <> :rtekind 0 :relid ${relid} :relkind r :rellockmode 3 :lateral false :inFromCl true ${checks} :extraUpdatedCols (b) :securityQuals <>}`,
  ],
  [
    '16 and later',
    (relid: string, checks: string) =>
      `{RANGETBLENTRY :rtekind 0 :relid ${relid} :inh false :perminfoindex 1} {RTEPERMISSIONINFO :relid ${relid} :inh false ${checks}}`,
  ],
])('the checks are read as version %s has them', (_, write) => {
  const own = `:requiredPerms 2 :checkAsUser 0 :selectedCols (b) :insertedCols (b) :updatedCols (b)`
  const other = `:requiredPerms 14 :checkAsUser 0 :selectedCols (b 7 9) :insertedCols (b) :updatedCols (b 10)`
  expect(readTableChecks(`(${write(OWN, own)} ${write('16388', other)})`, OWN)).toEqual([
    {
      relation: '16388',
      privileges: new Set(['SELECT', 'UPDATE', 'DELETE']),
      selected: [0, 2],
      inserted: [],
      updated: [3],
    },
  ])
})

test.each(['', '<>', '({RANGETBLENTRY :relid 16397 :perms 2})'])(
  'of a form that is not known, "%s", nothing is said',
  (tree) => {
    expect(readTableChecks(tree, OWN)).toBe(undefined)
  },
)
