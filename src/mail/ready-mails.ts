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
  /** @returns the one whose turn it is, of some kinds; undefined where there is none of them */
  next(kinds: readonly Kind[]): Item | undefined
  /** @returns what anybody can ask for and whose turn comes last */
  last(): Item | undefined
  /** Takes one out to be sent. */
  take(item: Item): void
  /** Takes one out that is over, or not ready any more. @returns whether it was there */
  drop(item: Item): boolean
  count(kind: Kind): number
  size(): number
  all(): Item[]
}

/** Makes an empty collection. */
export function createReadyMails(): ReadyMails {
  const queues: Readonly<Record<Kind, Set<Item>>> = {
    notices: new Set(),
    triedNotices: new Set(),
    firsts: new Set(),
    others: new Set(),
  }
  let isTurnOfNotices = false
  let isTurnOfNewest = false
  /** @returns less than 0 where `a` goes before `b` */
  const compare = (a: Item, b: Item) =>
    a.turn.byClient - b.turn.byClient ||
    a.turn.byAccount - b.turn.byAccount ||
    (isTurnOfNewest ? a.attempts - b.attempts || b.number - a.number : a.number - b.number)
  const findFirst = (queue: Iterable<Item>) => {
    let first: Item | undefined
    for (const item of queue) if (!first || compare(item, first) < 0) first = item
    return first
  }
  const drop = (item: Item) => queues[kindOf(item)].delete(item)
  return {
    add: (item) => queues[kindOf(item)].add(item),
    next(kinds) {
      const order: readonly Kind[] = isTurnOfNotices
        ? ['notices', 'triedNotices', 'firsts', 'others']
        : ['notices', 'firsts', 'others', 'triedNotices']
      const kind = order.find((each) => kinds.includes(each) && queues[each].size > 0)
      return kind && findFirst(queues[kind])
    },
    last() {
      let last: Item | undefined
      for (const item of queues.others) if (!last || compare(item, last) > 0) last = item
      return last
    },
    take(item) {
      const kind = kindOf(item)
      if (kind !== 'notices') isTurnOfNotices = kind !== 'triedNotices'
      if (kind === 'firsts' || kind === 'others') isTurnOfNewest = !isTurnOfNewest
      drop(item)
    },
    drop,
    count: (kind) => queues[kind].size,
    size: () => Object.values(queues).reduce((sum, queue) => sum + queue.size, 0),
    all: () => Object.values(queues).flatMap((queue) => [...queue]),
  }
}

/** Of which kind a mail is at present. */
function kindOf({ order, attempts, turn }: Item): Kind {
  if (isChange(order)) return attempts === 0 ? 'notices' : 'triedNotices'
  return turn.byClient === 0 ? 'firsts' : 'others'
}
