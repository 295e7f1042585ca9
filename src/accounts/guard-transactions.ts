// Keeps a transaction whose connection is gone from ending the process.
//
// postgres.js answers every failure within a transaction with a ROLLBACK on the same connection. Into one
// that is closed it writes all the same: that throws out of a timer, where nothing can catch it, and the
// place of the connection in the pool is never filled again.

import postgres, { type Sql } from 'postgres'

/** Makes `begin` of a client send nothing after its connection was lost. The loss itself rejects it. */
export function guardTransactions(client: Sql): void {
  const begin = client.begin.bind(client) as Begin
  const guarded: Begin = (options, work) =>
    begin(options, async (transaction) => {
      try {
        return await work(transaction)
      } catch (error) {
        // The driver races this against the end of the connection.
        if (isLoss(error)) return new Promise<never>(() => {})
        throw error
      }
    })
  Object.assign(client, {
    begin: (first: string | Work, second?: Work) =>
      typeof first === 'string' ? guarded(first, second as Work) : guarded('', first),
  })
}

type Work = (transaction: unknown) => unknown
type Begin = (options: string, work: Work) => Promise<unknown>

/** Says whether a failure, or what caused it, has ended the connection. */
function isLoss(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // After a FATAL error the server closes the connection. The network's errors have a number, and so have
  // the driver's own about connections.
  const isOver =
    error instanceof postgres.PostgresError
      ? ['FATAL', 'PANIC'].includes(error.severity)
      : 'errno' in error
  return isOver || isLoss(error.cause)
}
