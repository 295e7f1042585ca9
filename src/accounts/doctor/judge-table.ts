// Turns what the start finds in a mapping into findings with their remedies.

import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import type { TableFacts } from '../inspect-table.ts'

interface Rule {
  readonly pattern: RegExp
  readonly name: string
  /** From the variable and what the pattern has matched. */
  readonly remedy: (variable: string, match: RegExpExecArray) => string
}

const GRANTS = () => 'run what `rekey grants` prints, as the owner of the tables'

/** The first that matches counts; the last matches everything. */
const RULES: readonly Rule[] = [
  { pattern: /lacks|\b42501\b/, name: 'rights', remedy: GRANTS },
  {
    pattern: /there is no table|^USERS_(?:PASSWORD_)?TABLE: (?:3F000|42P01)/,
    name: 'table',
    remedy: (variable) =>
      `set ${variable} to the name as the catalogue spells it, as schema.table where the schema is not on the search path`,
  },
  {
    pattern: /no such column|computed from others/,
    name: 'column',
    remedy: (variable) => `set ${variable} to a column of the table, spelled as in the catalogue`,
  },
  {
    pattern: /type \S+ does not fit|are not supported/,
    name: 'type',
    remedy: (variable) => `set ${variable} to a column of such a type, or map a view that casts it`,
  },
  {
    pattern: /holds \d+ characters/,
    name: 'hash-width',
    remedy: () => 'widen it with ALTER TABLE ... ALTER COLUMN ... TYPE text, or varchar(255)',
  },
  {
    pattern: /cannot update this view/,
    name: 'table',
    remedy: () => 'map the table itself, or a view of one table without grouping',
  },
  {
    pattern: /(?:Run|To find every spelling): (.*)/,
    name: 'look-up',
    remedy: (_, match) => match[1] ?? '',
  },
  {
    pattern: /no unique index/,
    name: 'unique-id',
    remedy: (variable) => `add a unique index on it, or set ${variable} to the primary key`,
  },
  {
    pattern: /(?:)/,
    name: 'expression',
    remedy: (variable) => `correct ${variable}, and try it in a SELECT of your own`,
  },
]

/** @returns a finding for each fault and warning, and what is well beside them */
export function judgeTable(facts: TableFacts): Finding[] {
  const faults = facts.faults.map((text) => judge(text, reportFault))
  if (faults.length > 0) return faults
  const warnings = facts.warnings.map((text) => judge(text, reportWarning))
  const found = new Set(warnings.map(({ name }) => name))
  const well = [
    reportOk('table', 'tables, columns and types fit, and so does what you wrote as SQL'),
    reportOk('look-up', `an index serves the look-up by address (${facts.lookUp})`),
    reportOk('unique-id', 'no two rows can share an id'),
  ]
  return [...well.filter(({ name }) => !found.has(name)), ...warnings]
}

function judge(text: string, report: typeof reportFault): Finding {
  const variable = text.replace(/:.*/s, '')
  for (const { pattern, name, remedy } of RULES) {
    const match = pattern.exec(text)
    if (!match) continue
    const says = text.replace(/ (?:Run|To find every spelling): .*/s, '')
    return report(name, says, remedy(variable, match))
  }
  throw new TypeError('the last rule matches everything')
}
