// The floor of confirmations under load: argon2id and nothing else, so many at a time.
// With `node bench/floors/hashes.ts 8 2000`: eight at a time for 2000 ms. It prints what came of it.

import { argon2id } from '../../src/hashing/argon2id.ts'
import { measureLoop } from './measure-loop.ts'

const [atOnce = '8', durationMs = '2000'] = process.argv.slice(2)

await measureLoop(Number(atOnce), Number(durationMs), async (number) => {
  await argon2id.hash(`Kestrel-${number}-orbit`)
})
