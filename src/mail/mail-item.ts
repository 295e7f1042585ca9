// One mail in the line: what is known of it, and what follows from its order.

import type { MailOrder, NoticeOrder } from '../ports.ts'
import type { Reservation } from './daily-budget.ts'
import type { Turn } from './order-turns.ts'

/** A mail that waits or is on its way. */
export interface Item {
  /** There is one mail of a slot at a time. */
  readonly slot: string
  /** Counts the mails of the line, in the order in which they came. */
  readonly number: number
  turn: Turn
  order: MailOrder
  /** The newest one of its slot that came while it was on its way. */
  next: { readonly order: MailOrder; readonly turn: Turn } | undefined
  /** The domain of its address; undefined until it is composed. */
  domain: string | undefined
  attempts: number
  /** What the last attempt came to. */
  reason: string
  /** Whether an attempt may have delivered it, unheard. */
  isInDoubt: boolean
  /** What is set aside of the budget for it. */
  reservation: Reservation | undefined
}

const CHANGE_LIFE_MS = 86_400_000
const UNTRIED = {
  reason: 'could not go out in time',
  isInDoubt: false,
  reservation: undefined,
}

/** Makes the mail of an order. */
export function makeItem(order: MailOrder, turn: Turn, number: number): Item {
  const rest = { ...UNTRIED, attempts: 0, domain: undefined, next: undefined }
  return { ...rest, slot: slotOf(order), number, turn, order }
}

/** Puts another order in the place of the one that a mail was for. */
export function replaceOrder(item: Item, order: MailOrder): void {
  Object.assign(item, { ...UNTRIED, order })
}

/** Says whether an order is the notice of a change; anybody can ask for all others. */
export function isChange(order: MailOrder): order is NoticeOrder {
  return order.kind === 'password-changed'
}

/** Of the mails of one kind that an account is sent the newest is enough; of notices, to one address. */
export function slotOf(order: MailOrder): string {
  const { kind, accountId } = order
  return JSON.stringify([kind, accountId, isChange(order) ? order.emailAddress : ''])
}

/** Names which of the two rooms of the line an order takes up. */
export function roomOf(order: MailOrder): 'changes' | 'requested' {
  return isChange(order) ? 'changes' : 'requested'
}

/** Says until when an order is worth sending. @returns unix milliseconds */
export function endOf(order: MailOrder, linkLifeSeconds: number): number {
  const lifeMs = isChange(order) ? CHANGE_LIFE_MS : linkLifeSeconds * 1000
  return Number(order.timestamp) * 1000 + lifeMs
}
