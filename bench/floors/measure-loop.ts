// Runs work n at a time for a while and prints, as one line of JSON, what came of it.

/** What is printed. */
export interface LoopOutcome {
  readonly rounds: number
  /** From the first start to the last end. */
  readonly elapsedMs: number
  /** CPU time of this process in user and system mode. */
  readonly cpuMs: number
  readonly latenciesMs: readonly number[]
}

const WARM_UP_ROUNDS = 8

/** @param work is given its number, counted from 0 */
export async function measureLoop(
  atOnce: number,
  durationMs: number,
  work: (number: number) => Promise<void>,
): Promise<void> {
  let number = 0
  while (number < WARM_UP_ROUNDS) await work(number++)

  const latenciesMs: number[] = []
  const cpuBefore = process.cpuUsage()
  const start = performance.now()
  const keepBusy = async () => {
    for (;;) {
      const before = performance.now()
      if (before - start >= durationMs) return
      await work(number++)
      latenciesMs.push(performance.now() - before)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, keepBusy))
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpuBefore)
  const cpuMs = (user + system) / 1000
  const outcome: LoopOutcome = { rounds: latenciesMs.length, elapsedMs, cpuMs, latenciesMs }
  process.stdout.write(`${JSON.stringify(outcome)}\n`)
}
