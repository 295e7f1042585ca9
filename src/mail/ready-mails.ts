// Whose turn it is: which of the mails that are ready goes out next.
//
// The notice of a change goes first. One that was tried before takes turns with all the rest, which
// anybody can ask for, and which are served fairly (start-time fair queueing):
//
// 1. A mail goes before those whose client had asked for more mails within the hour. So a client's
//    first is never behind the tenth of another one, however many that one asks for.
// 2. Of equals, it goes before those whose account had more mails ordered within the hour.
// 3. Of these, the oldest takes turns with the newest that was tried least, so that neither a crowd
//    which is there already nor mails that fail keep out what comes after them.

import { type Item, isChange } from './mail-item.ts'

/** What anybody can ask for are the `firsts` of a client within an hour, and `others`. */
export type Kind = 'notices' | 'triedNotices' | 'firsts' | 'others'

export interface ReadyMails {
  add(item: Item): void
  /**
   * Finds the one whose turn it is.
   *
   * @param kinds of which it may be
   * @param mayGo whether there is room for a mail where it goes; asked at most once of each
   */
  next(kinds: readonly Kind[], mayGo: (item: Item) => boolean): Item | undefined
  /** @returns what anybody can ask for and whose turn comes last */
  last(): Item | undefined
  /** Takes one out to be sent. */
  take(item: Item): void
  /** Takes one out that is over, or not ready any more. @returns whether it was there */
  drop(item: Item): boolean
  count(kind: Kind): number
  all(): Item[]
}

/** What the turn of a mail depends on; it stays what it is while the mail is ready. */
type Place = Pick<Item, 'turn' | 'number'>

/**
 * Makes an empty collection. Each queue is kept in order, so that a flood of mails costs little: the next
 * one and the last one are found without a look at all of them.
 */
export function createReadyMails(): ReadyMails {
  /** Each in the order of turns, of equals the oldest first. */
  const queues: Readonly<Record<Kind, Item[]>> = {
    notices: [],
    triedNotices: [],
    firsts: [],
    others: [],
  }
  let isTurnOfNotices = false
  let isTurnOfNewest = false
  const findNext = (queue: readonly Item[], mayGo: (item: Item) => boolean) => {
    const start = queue.findIndex(mayGo)
    const oldest = queue[start]
    if (!oldest || !isTurnOfNewest) return oldest
    let newest: Item | undefined
    let fewest = Number.POSITIVE_INFINITY
    let at = findPlace(queue, { turn: oldest.turn, number: Number.POSITIVE_INFINITY })
    while (--at > start && fewest > 0) {
      const item = queue[at] as Item
      if (item.attempts < fewest && mayGo(item)) {
        newest = item
        fewest = item.attempts
      }
    }
    return fewest <= oldest.attempts ? newest : oldest
  }
  const drop = (item: Item) => {
    const queue = queues[kindOf(item)]
    const at = findPlace(queue, item)
    if (queue[at] !== item) return false
    queue.splice(at, 1)
    return true
  }
  return {
    add(item) {
      const queue = queues[kindOf(item)]
      queue.splice(findPlace(queue, item), 0, item)
    },
    next(kinds, mayGo) {
      const order: readonly Kind[] = isTurnOfNotices
        ? ['notices', 'triedNotices', 'firsts', 'others']
        : ['notices', 'firsts', 'others', 'triedNotices']
      for (const kind of order) {
        const item = kinds.includes(kind) ? findNext(queues[kind], mayGo) : undefined
        if (item) return item
      }
      return undefined
    },
    last: () => queues.others.at(-1),
    take(item) {
      const kind = kindOf(item)
      if (kind !== 'notices') isTurnOfNotices = kind !== 'triedNotices'
      if (kind === 'firsts' || kind === 'others') isTurnOfNewest = !isTurnOfNewest
      drop(item)
    },
    drop,
    count: (kind) => queues[kind].length,
    all: () => Object.values(queues).flat(),
  }
}

/** @returns less than 0 where `a` goes before `b` */
function compare(a: Place, b: Place): number {
  return (
    a.turn.byClient - b.turn.byClient || a.turn.byAccount - b.turn.byAccount || a.number - b.number
  )
}

/** Finds where a mail is in a queue, or belongs. */
function findPlace(queue: readonly Item[], place: Place): number {
  let low = 0
  let high = queue.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (compare(queue[middle] as Item, place) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/** Of which kind a mail is at present. */
function kindOf({ order, attempts, turn }: Item): Kind {
  if (isChange(order)) return attempts === 0 ? 'notices' : 'triedNotices'
  return turn.byClient === 0 ? 'firsts' : 'others'
}
