// When the tables of a running service are looked at again, and what is made of it.

import { expect, test } from 'vitest'
import { createReadiness } from '../../src/accounts/readiness.ts'
import { type Finding, reportFault } from '../../src/core/finding.ts'

function createScene() {
  let now = 0
  const told: (readonly string[])[] = []
  const looks: { resolve: (findings: Finding[]) => void; reject: (error: Error) => void }[] = []
  const assertReady = createReadiness({
    hasArrived: () => true,
    ping: async () => true,
    inspect: () => new Promise((resolve, reject) => looks.push({ resolve, reject })),
    onChange: (faults) => told.push(faults),
    clock: () => now,
  })
  const ask = async (seconds: number) => {
    now = seconds * 1000
    const answer = await assertReady().then(
      () => 'ready',
      (error) => error.faults.map(({ field }: { field: string }) => field).join(),
    )
    await new Promise(setImmediate)
    return answer
  }
  return { ask, looks, told }
}

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
