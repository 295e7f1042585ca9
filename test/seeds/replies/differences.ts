// Where Rekey's reply is another than the package's: which sentence of the contract says so, and what
// Rekey answers instead.

import { linkDifferences } from './link-differences.ts'
import type { ReplyDifference } from './reply-difference.ts'
import { shapeDifferences } from './shape-differences.ts'

/** By the name of the request. */
export const replyDifferences: ReadonlyMap<string, ReplyDifference> = new Map(
  [...shapeDifferences, ...linkDifferences].flatMap((difference) =>
    difference.routes.flatMap((route) =>
      difference.requests.map((what): [string, ReplyDifference] => [
        `${route}: ${what}`,
        difference,
      ]),
    ),
  ),
)
