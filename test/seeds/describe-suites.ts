// Puts the re-created suites into the page that counts them.

import { differences, type SeedCase, type SeedSuite } from './case.ts'

const intro = `# The suites of the systems before Rekey

Every case of the test suites of these systems that is about reset or change, re-created over HTTP
against a real PostgreSQL: \`npx vitest run test/seeds\`. A case passes, or it differs by exactly one of
the deliberate differences below, and then asserts what Rekey does instead. Some are about pages,
settings or Python objects; what such a case means for somebody who uses Rekey stands in the last
table, and counts as passing or differing like any other. A case that nothing sent over a wire could
tell is counted apart, with the reason.

This page is written from the cases themselves: \`npx vitest run test/seeds/suites.test.ts --update\`.
`

/** @returns the page, as Markdown */
export function describeSuites(suites: readonly SeedSuite[]): string {
  const all = suites.flatMap(({ system, cases }) => cases.map((each) => ({ system, ...each })))
  const used = Object.entries(differences).filter(([name]) =>
    all.some(({ differs }) => differs === name),
  )
  const countOf = (cases: readonly SeedCase[], difference?: string) =>
    cases.filter(({ differs }) => differs === difference).length
  return [
    intro,
    table(
      ['system', 'passing', 'differing', 'without a wire', 'cases'],
      suites.map(({ system, cases, withoutWire }) => {
        const passing = countOf(cases)
        const total = cases.length + withoutWire.length
        return [system, passing, cases.length - passing, withoutWire.length, total]
      }),
    ),
    '## Differing\n',
    table(
      ['difference', ...suites.map(({ system }) => system)],
      used.map(([name, explanation]) => [
        `${name}: ${explanation}`,
        ...suites.map(({ cases }) => countOf(cases, name)),
      ]),
    ),
    ...suites.map(({ system, cases }) =>
      byText(system, 'difference', cases, (each) => each.differs),
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

/** A row for each text, with all cases of which it is said. */
function byText<Case extends { readonly name: string }>(
  system: string,
  title: string,
  cases: readonly Case[],
  textOf: (each: Case) => string | undefined,
): string {
  const texts = Map.groupBy(cases, textOf)
  return table(
    [system, title],
    [...texts].flatMap(([text, those]) =>
      text === undefined ? [] : [[those.map(({ name }) => `\`${name}\``).join(', '), text]],
    ),
  )
}

/** @returns nothing for a table without rows */
function table(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  if (rows.length === 0) return ''
  const line = (cells: readonly (string | number)[]) => `| ${cells.join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
