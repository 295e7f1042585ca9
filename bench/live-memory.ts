// Loaded into a server beside its own code: writes down every half second how much of its memory is in use,
// garbage not counted, because what a process holds of the system says more of its past than of that.

import { writeFileSync } from 'node:fs'

const INTERVAL_MS = 500
const file = process.env['LIVE_MEMORY_FILE'] ?? ''

setInterval(() => {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  writeFileSync(file, String(heapUsed + external))
}, INTERVAL_MS).unref()
