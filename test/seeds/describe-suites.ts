// Puts the re-created suites into the page that counts them.

import type { Difference, SeedCase, SeedSuite } from './case.ts'

/** What each difference is about, for a reader of the page. */
const explanations: Readonly<Record<Difference, string>> = {
  'json only': 'bodies are JSON, so there are no form posts, and no redirects after them',
  'passwords are never trimmed': 'blanks at the edges of a password are part of it',
  'links are single use': 'a link dies with the password that it was made for',
  'order of checks': 'unknown and forged look alike',
  'strength is judged after the link': 'whoever has no link cannot try passwords',
  'timestamp that is no integer': 'is an invalid signature',
  'several rows with one address': 'never fail; each gets a mail of its own',
  'old password always': 'a change wants the old password',
  'no user details': 'a check of a link says nothing of its owner',
  'mail failure never shows': 'a reply is the same whatever becomes of the mail',
  'no empty non_field_errors': 'beside a field error there is no empty list of others',
  'no metadata': 'GET and OPTIONS describe nothing',
  "tokens are Rekey's": 'they are stored nowhere, and have one shape',
  'a reset signs nobody in': 'a mailed link is no second factor',
  'no such setting': '[settings.md](settings.md) says why there is none',
  'an address is always a login': '`login` finds an address first, and cannot be kept from it',
  'a confirmation that is sent counts': '`password_confirm` has to match, required or not',
}

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
  const used = Object.entries(explanations).filter(([name]) =>
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
