// The command that prints how large the client is.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('npm run size prints the size of the client, which is under 3 kB', async () => {
  const cwd = fileURLToPath(new URL('../..', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/client-size.ts'], { cwd })
  const [, size] = /^rekey\/client: (\d+) bytes gzipped of 3000/.exec(stdout) ?? []
  expect(Number(size)).toBeGreaterThan(500)
  expect(Number(size)).toBeLessThanOrEqual(3000)
})
