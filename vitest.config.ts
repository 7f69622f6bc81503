import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    alias: { '#native': fileURLToPath(new URL('./src/backend/native.ts', import.meta.url)) },
  },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    allowOnly: false, // biome's rule takes our own fit() for a focused test
    pool: 'forks',
    // many files wait for processes of their own, so that two at a time fill two cores better than one
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
})
