// When the tables of a running service are looked at again, and what is made of it.

import { expect, test } from 'vitest'
import type { TableFacts } from '../../src/accounts/inspect-table.ts'
import type { Writability } from '../../src/accounts/probe.ts'
import { createReadiness } from '../../src/accounts/readiness.ts'
import { type Finding, reportFault } from '../../src/core/finding.ts'

function createScene() {
  let now = 0
  const told: (readonly string[])[] = []
  const written: string[] = []
  const fitting: TableFacts[] = []
  let answer: Writability | Error = 'writable'
  const looks: { resolve: (findings: Finding[]) => void; reject: (error: Error) => void }[] = []
  const readiness = createReadiness({
    hasArrived: () => true,
    probe: async () => {
      if (answer instanceof Error) throw answer
      return answer
    },
    inspect: () =>
      new Promise((resolve, reject) => {
        const end = (findings: Finding[]) => resolve({ facts: facts(findings), findings })
        looks.push({ resolve: end, reject })
      }),
    onFit: (found) => fitting.push(found),
    onChange: (faults) => told.push(faults),
    onWritability: (writability) => written.push(writability),
    clock: () => now,
  })
  const at = (seconds: number) => {
    now = seconds * 1000
  }
  const ask = async (seconds: number) => {
    at(seconds)
    const answered = await readiness.assertReady().then(
      () => 'ready',
      (error) => error.faults.map(({ field }: { field: string }) => field).join() || error.message,
    )
    await new Promise(setImmediate)
    return answered
  }
  const answerWith = (next: typeof answer) => {
    answer = next
  }
  return { ...readiness, at, ask, answerWith, looks, told, written, fitting }
}

const FACTS = { idType: 'bigint' } as TableFacts
const facts = (findings: readonly Finding[]) => (findings.length > 0 ? undefined : FACTS)
const fault = reportFault('rights', 'SELECT is gone', 'grant it')

test('a look begins ten seconds after the one before has ended, and never beside it', async () => {
  const { ask, looks } = createScene()
  for (const seconds of [1, 9, 10, 20, 30]) await ask(seconds)
  expect(looks).toHaveLength(1)
  looks[0]?.resolve([])
  await new Promise(setImmediate)
  await ask(39)
  expect(looks).toHaveLength(1)
  await ask(40)
  expect(looks).toHaveLength(2)
})

test('the answer is that of the last look that had one', async () => {
  const { ask, looks, told } = createScene()
  expect(await ask(10)).toBe('ready')
  looks[0]?.resolve([fault])
  expect([await ask(11), await ask(12)]).toEqual(['rights', 'rights'])
  await ask(30)
  looks[1]?.reject(new Error('no answer in time'))
  expect([await ask(31), await ask(50)]).toEqual(['rights', 'rights'])
  looks[2]?.resolve([])
  expect([await ask(51), await ask(52)]).toEqual(['ready', 'ready'])
  expect(told).toEqual([['SELECT is gone -> grant it'], []])
})

test('a server that can only be read is named, and said once in the log', async () => {
  const { ask, answerWith, written } = createScene()
  answerWith('read-only')
  expect([await ask(1), await ask(2)]).toEqual(['read-only', 'read-only'])
  answerWith(new Error('ECONNREFUSED'))
  expect(await ask(3)).toBe('the database does not answer')
  answerWith('writable')
  expect([await ask(4), await ask(5)]).toEqual(['ready', 'ready'])
  expect(written).toEqual(['read-only', 'writable'])
})

test('a statement that fails has the tables looked at, once a second at the most', async () => {
  const { at, lookAfterFailure, looks, fitting } = createScene()
  const [first, beside] = [lookAfterFailure(), lookAfterFailure()]
  looks[0]?.resolve([])
  await Promise.all([first, beside])
  expect(fitting).toEqual([FACTS])
  at(0.9)
  await lookAfterFailure()
  expect(looks).toHaveLength(1)
  at(1)
  const second = lookAfterFailure()
  expect(looks).toHaveLength(2)
  looks[1]?.reject(new Error('no answer in time'))
  await second
})
