// Puts the re-created suites into the page that counts them.

import type { SeedCase, SeedSuite } from './case.ts'
import { differences } from './differences.ts'
import { nativeRules } from './replies/reply-difference.ts'

const intro = `# The suites of the systems before Rekey

Every case of the test suites of these systems that is about reset or change, re-created over HTTP
against a real PostgreSQL: \`npx vitest run test/seeds\`. The list of the cases is read out of the
systems' own repositories, by test/interop/drivers/list_cases.py, and a test holds it against the cases
here, name by name. A case passes, or it differs by one sentence of the contract, given below, and then
asserts what Rekey does instead. Some are about pages, settings or Python objects; what such a case
means for somebody who uses Rekey stands in the last tables, and counts as passing or differing like
any other. A case that nothing sent over a wire could tell is counted apart, with the reason.

This page is written from the cases themselves: \`npx vitest run test/seeds/suites.test.ts --update\`.
`

const sideBySide = (page: ReplyCounts) => `## Reply by reply

Beside the suites, ${page.requests} requests were sent to the packages themselves, and their replies
recorded: to each route every field missing, null, blank, of another type or too long; links that are
expired, used, forged or another's; weak passwords; bodies, methods and media types that are not taken.

- To ${page.same} Rekey gives the same status and the same body.
- To ${page.deliberate} it gives what one of the sentences says instead.
- To ${page.native} it gives what the contract says of the native routes alone: ${nativeRuleList}.

\`test/interop/record-replies.ts\` asks the packages anew, and \`npx vitest run test/seeds/replies.test.ts\`
compares.
`
const nativeRuleList = Object.values(nativeRules).join('; ')

/** How the replies of the packages and of Rekey compare. */
export interface ReplyCounts {
  readonly requests: number
  readonly same: number
  readonly deliberate: number
  readonly native: number
}

/** @returns the page, as Markdown */
export function describeSuites(suites: readonly SeedSuite[], replies: ReplyCounts): string {
  const all = suites.flatMap(({ cases }) => cases)
  const used = differences.filter((name) => all.some(({ differs }) => differs === name))
  const countOf = (cases: readonly SeedCase[], difference?: string) =>
    cases.filter(({ differs }) => differs === difference).length
  return [
    intro,
    table(
      ['system', 'cases', 'passing', 'differing', 'without a wire'],
      suites.map(({ system, version, cases, withoutWire }) => {
        const passing = countOf(cases)
        const total = cases.length + withoutWire.length
        const name = `${system} ${version}`
        return [name, total, passing, cases.length - passing, withoutWire.length]
      }),
    ),
    sideBySide(replies),
    '## Differing\n',
    table(
      ['sentence', ...suites.map(({ system }) => system)],
      used.map((name) => [name, ...suites.map(({ cases }) => countOf(cases, name))]),
    ),
    ...suites.map(({ system, cases }) =>
      byText(system, 'differs by', cases, (each) => each.differs),
    ),
    '## Without a wire\n',
    ...suites.map(({ system, withoutWire }) =>
      byText(system, 'why', withoutWire, ({ why }) => why),
    ),
    '## What a case means here\n',
    ...suites.map(({ system, cases }) => byText(system, 'means', cases, (each) => each.means)),
  ]
    .filter((part) => part !== '')
    .join('\n')
}

/** A row for each file and text, with all cases of which it is said. */
function byText<Case extends { readonly file: string; readonly name: string }>(
  system: string,
  title: string,
  cases: readonly Case[],
  textOf: (each: Case) => string | undefined,
): string {
  const told = cases.filter((each) => textOf(each) !== undefined)
  const rows = Map.groupBy(told, (each) => JSON.stringify([each.file, textOf(each)]))
  return table(
    [system, 'cases', title],
    [...rows].map(([key, those]) => {
      const [file, text] = JSON.parse(key)
      return [file, those.map(({ name }) => `\`${name}\``).join(', '), text]
    }),
  )
}

/** @returns nothing for a table without rows */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
