import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

/** `npm run test:interop`: needs the host frameworks, which `npm test` does not. */
export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/interop/{formats-both-ways,lockouts,logins,behind-a-pooler}.ts'],
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    hookTimeout: 60_000,
    testTimeout: 120_000,
  },
})
