// A row of the replies that differ, and what the rows have in common.

import type { Difference } from '../differences.ts'
import type { SeedReply } from './reply-world.ts'

/** What the contract says of Rekey's own routes beside its list of deliberate differences. */
export const nativeRules = {
  exactlyOne: 'a link request has `email` or `login`, exactly one',
  length: '`email` and `login` have at most 254 characters',
  spelling: 'any other spelling of a value of a link is `link_invalid`',
  everyRule: 'the reply to a refused password names every broken rule at once',
} as const

export interface ReplyDifference {
  readonly rule: Difference | (typeof nativeRules)[keyof typeof nativeRules]
  readonly routes: readonly string[]
  readonly requests: readonly string[]
  readonly reply: SeedReply
}

/** A reply that is one text. */
export const detail = (status: number, text: string): SeedReply => ({
  status,
  body: { detail: text },
})
/** A reply that finds fault with one field. */
export const fault = (field: string, ...texts: string[]): SeedReply => ({
  status: 400,
  body: { [field]: texts },
})
