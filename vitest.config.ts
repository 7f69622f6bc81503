import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    alias: { '#native': fileURLToPath(new URL('./src/backend/native.ts', import.meta.url)) },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    allowOnly: false, // biome's rule takes our own fit() for a focused test
    pool: 'forks',
  },
})
