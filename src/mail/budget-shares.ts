// What each mail holds of MAIL_DAILY_BUDGET: set aside before it goes out, spent once it may have been
// delivered, and given back otherwise.

import type { DailyBudget } from './daily-budget.ts'
import type { Item } from './mail-item.ts'
import type { ReadyMails } from './ready-mails.ts'

/** Where there is no budget, every mail may go out and holds nothing. Times are unix milliseconds. */
export interface BudgetShares {
  /** @returns milliseconds until one of the mails may go out; 0 when one may now, or none is there */
  waitMs(ready: Pick<ReadyMails, 'count'>, now: number): number
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
    waitMs(ready, now) {
      const hasNotices = ready.count('notices') + ready.count('triedNotices') > 0
      const hasFirsts = ready.count('firsts') > 0
      if (!budget || hasNotices || !(hasFirsts || ready.count('others') > 0)) return 0
      return budget.waitMs(hasFirsts, now)
    },
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
