import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/support/global-setup.ts'],
    include: ['test/**/*.test.ts'],
    // Real servers start in hooks: the first one unpacks PostgreSQL or a browser.
    hookTimeout: 60_000,
    testTimeout: 30_000,
  },
})
