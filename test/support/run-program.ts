// Runs a program to its end.

import { execFile } from 'node:child_process'

export interface ProgramEnd {
  readonly status: number
  readonly output: string
  readonly errors: string
}

/** @param env with PATH beside it, and nothing else */
export function runProgram(
  file: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<ProgramEnd> {
  const options = { cwd, env: { PATH: process.env['PATH'], ...env } }
  return new Promise((resolve) => {
    execFile(file, args, options, (error, output, errors) => {
      resolve({ status: error ? Number(error.code) : 0, output, errors })
    })
  })
}
