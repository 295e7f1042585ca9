// What each mail holds of MAIL_DAILY_BUDGET: set aside before it goes out, spent once it may have been
// delivered, and given back otherwise.

import type { DailyBudget } from './daily-budget.ts'
import type { Item } from './mail-item.ts'

/** Where there is no budget, every mail may go out and holds nothing. Times are unix milliseconds. */
export interface BudgetShares {
  /**
   * @param isFirst whether a mail waits that is its client's first
   * @returns milliseconds until a mail can have a share; 0 when one can have it now
   */
  waitMs(isFirst: boolean, now: number): number
  /** Sets a share aside, unless the mail has one. @returns false when it may not go out now */
  reserve(item: Item, now: number): boolean
  spend(item: Item, now: number): void
  /** While a mail waits, another one can have its share; not one that may be used. */
  giveBack(item: Item): void
  /** Ends a share without a mail that was certainly sent. */
  settle(item: Item, now: number): void
}

/** Makes the shares of a budget. */
export function createBudgetShares(budget: DailyBudget | undefined): BudgetShares {
  const spend = ({ reservation }: Item, now: number) => reservation?.spend(now)
  const giveBack = (item: Item) => {
    if (item.isInDoubt) return
    item.reservation?.release()
    item.reservation = undefined
  }
  return {
    waitMs: (isFirst, now) => budget?.waitMs(isFirst, now) ?? 0,
    reserve(item, now) {
      if (!budget) return true
      item.reservation ??= budget.reserve(item.turn.byClient === 0, now)
      return item.reservation !== undefined
    },
    spend,
    giveBack,
    settle: (item, now) => (item.isInDoubt ? spend(item, now) : giveBack(item)),
  }
}
