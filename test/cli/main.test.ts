// The process: which commands it knows, and what it says to those that it does not.

import { expect, test } from 'vitest'
import { deriveKeys } from '../../src/core/key-ring.ts'
import { runRekey } from '../support/rekey-process.ts'

test('keygen prints a secret that the service takes, another one each time', async () => {
  const runs = [runRekey(['keygen'], {}), runRekey(['keygen'], {})]
  const ends = await Promise.all(runs.map(({ ended }) => ended))
  for (const { status, output, errors } of ends) {
    expect([status, errors]).toEqual([0, ''])
    expect(output).toMatch(/^rk1_[\w-]{43}\n$/)
    expect(() => deriveKeys(output.trimEnd())).not.toThrow()
  }
  expect(ends[0]?.output).not.toBe(ends[1]?.output)
})

test.each(['server', '--port', 'constructor', '__proto__', ''])(
  'it does not know the command %j, and names those that it does',
  async (command) => {
    const { status, output, errors } = await runRekey([command], {}).ended
    expect([status, output, errors]).toEqual([
      64,
      '',
      `rekey has no command ${command}; use one of serve, doctor, verify, explain, link, grants, migrate, keygen, preview, or --help\n`,
    ])
  },
)

test('without a command it serves, and without an environment it says what it needs', async () => {
  const [bare, serve] = await Promise.all([runRekey([], {}).ended, runRekey(['serve'], {}).ended])
  expect(bare).toEqual(serve)
  expect(bare).toEqual({
    status: 78,
    output: '',
    errors: [
      'This configuration does not work:',
      '  DATABASE_URL: is required',
      '  LINK_SECRETS: is required',
      '  RESET_PAGE_URL: is required',
      '  MAIL_FROM: is required',
      '  RESEND_API_KEY: is required for MAIL_TRANSPORT=resend',
      'Every variable is explained in .env.example.',
      '',
    ].join('\n'),
  })
})
