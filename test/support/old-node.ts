// Runs a program on a Node that is too old for Rekey, and on one that only says it is.

import { execFileSync } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { expect } from 'vitest'
import { explainOldNode } from '../../src/node-version.js'
import { runProgram } from './run-program.ts'

/** As an old Node introduces itself. */
const disguise = `--import=data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'24.22.3'}})`
/** What a machine may have beside the Node of this package; TypeScript is nothing to it. */
const old = (process.env['PATH'] ?? '')
  .split(delimiter)
  .filter((directory) => !directory.includes('node_modules'))
  .map((directory) => join(directory, 'node'))
  .find((node) => {
    try {
      const version = execFileSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' })
      return explainOldNode(version)
    } catch {
      return false
    }
  })

/** Expects that it says so in one line, and ends with 78. */
export async function expectRefusalOfOldNode(args: readonly string[], cwd: string): Promise<void> {
  const isTypeScript = args[0]?.endsWith('.ts')
  const runs = [runProgram(process.execPath, [disguise, ...args], {}, cwd)]
  if (old && !isTypeScript) runs.push(runProgram(old, args, {}, cwd))
  for (const end of await Promise.all(runs)) {
    expect(end).toEqual({
      status: 78,
      output: '',
      errors: expect.stringMatching(/^Rekey needs Node 26 or newer, and this is [\d.]+: [^\n]+\n$/),
    })
  }
}
