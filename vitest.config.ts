import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // As the package exports it, without a build.
  resolve: {
    alias: [{ find: /^rekey$/, replacement: `${import.meta.dirname}/src/plugin/rekey.ts` }],
  },
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/**/*.test.ts'],
    // Each worker may run a database, a browser and a service or two beside itself.
    maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
    // Real servers start in hooks: the first one unpacks PostgreSQL or a browser.
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
})
