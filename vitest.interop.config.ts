import { defineConfig } from 'vitest/config'

/** `npm run test:interop`: needs the host frameworks, which `npm test` does not. */
export default defineConfig({
  test: {
    include: ['test/interop/formats-both-ways.ts'],
    testTimeout: 120_000,
  },
})
