// Asks axe-core what in an open page shuts readers out.

import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly nodes: readonly { html: string }[]
  }[]
}

const source = readFileSync(new URL(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** @param tags of the rules that count; without them all do */
export async function violationsIn(
  page: Page,
  tags?: readonly string[],
): Promise<readonly [rule: string, ...elements: string[]][]> {
  await page.evaluate(source)
  const options = JSON.stringify({ iframes: false, ...(tags && { runOnly: tags }) })
  const { violations } = await page.evaluate<AxeResults>(`axe.run(${options})`)
  return violations.map(({ id, nodes }) => [id, ...nodes.map((node) => node.html)])
}
