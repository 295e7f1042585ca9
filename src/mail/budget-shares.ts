// What each mail holds of MAIL_DAILY_BUDGET: set aside before it goes out, spent once it may have been
// delivered, and given back otherwise.

import type { DailyBudget } from './daily-budget.ts'
import type { Item } from './ready-mails.ts'
import type { RecentAddresses } from './recent-addresses.ts'

export interface Budget {
  readonly daily: DailyBudget
  readonly recent: RecentAddresses
}

/** Where there is no budget, every mail may go out and holds nothing. Times are unix milliseconds. */
export interface BudgetShares {
  /** @returns milliseconds until a mail can have a share; 0 when one can have it now */
  waitMs(now: number): number
  /** Sets a share aside, unless the mail has one. @returns false when it may not go out now */
  reserve(item: Item, now: number): boolean
  /** Whether its share would go to an address that has had a mail within 24 hours. */
  isRepeat(item: Item, address: string, now: number): boolean
  /** Notes to whom its share goes. */
  noteAddress(item: Item, address: string, now: number): void
  spend(item: Item, now: number): void
  /** While a mail waits, somebody else can have its share; not one that may be used. */
  giveBack(item: Item): void
  /** Ends a share without a mail that was certainly sent. */
  settle(item: Item, now: number): void
}

/** Makes the shares of a budget. */
export function createBudgetShares(budget: Budget | undefined): BudgetShares {
  const spend = ({ reservation }: Item, now: number) => reservation?.spend(now)
  const giveBack = (item: Item) => {
    if (item.isInDoubt) return
    item.reservation?.release()
    item.forgetAddress?.()
    item.reservation = undefined
    item.forgetAddress = undefined
  }
  return {
    waitMs: (now) => budget?.daily.waitMs(now) ?? 0,
    reserve(item, now) {
      if (!budget) return true
      item.reservation ??= budget.daily.reserve(now)
      return item.reservation !== undefined
    },
    isRepeat: ({ reservation }, address, now) =>
      reservation !== undefined && budget?.recent.has(address, now) === true,
    noteAddress(item, address, now) {
      if (item.reservation) item.forgetAddress ??= budget?.recent.add(address, now)
    },
    spend,
    giveBack,
    settle: (item, now) => (item.isInDoubt ? spend(item, now) : giveBack(item)),
  }
}
