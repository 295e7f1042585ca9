// What an application compiles against when it imports the plugin.

import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

test('the plugin is typed without Fastify, so that it goes with any version of 5', async () => {
  const outDir = await mkdtemp(join(tmpdir(), 'rekey-types-'))
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'src/plugin', '--outDir', outDir]
  await promisify(execFile)(process.execPath, tsc)
  for (const file of ['plugin/rekey', 'plugin/options', 'ports', 'mail/transports/transport']) {
    const text = await readFile(join(outDir, `${file}.d.ts`), 'utf8')
    expect([file, text.match(/ from '[^.].*'/g)]).toEqual([file, null])
  }
  await rm(outDir, { recursive: true })
})
